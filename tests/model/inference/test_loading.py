"""Which runtime a file gets, and what is said of one that is damaged."""

from __future__ import annotations

import sys

import pytest

from model.files.bundle import BundleError
from model.inference.loading import BUNDLED_MODEL, load_runtime


@pytest.fixture
def without_torch(monkeypatch):
    """As where a bundle is served: asking for torch is an ImportError."""
    monkeypatch.setitem(sys.modules, "model.runtime.torch", None)


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_a_bundle_that_was_cut_off_is_told_without_torch(tmp_path, without_torch, size):
    path = tmp_path / "model.adamml"
    path.write_bytes(BUNDLED_MODEL.read_bytes()[:size])

    with pytest.raises(BundleError, match=r"model\.adamml is not a bundle"):
        load_runtime(path)


def test_a_file_that_is_not_there_is_told_without_torch(tmp_path, without_torch):
    with pytest.raises(FileNotFoundError):
        load_runtime(tmp_path / "model.adamml")


def test_anything_else_is_taken_for_a_checkpoint(tmp_path, without_torch):
    path = tmp_path / "model.adamml"
    path.write_bytes(b"\x10" + bytes(7) + b"{}" + bytes(20))

    with pytest.raises(ImportError):
        load_runtime(path)
