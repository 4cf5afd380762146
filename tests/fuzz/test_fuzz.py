"""Mutated files end in inputs or in an error that has an answer, soon, and leave no process."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from model.common.deadline import Deadline
from model.common.errors import ClassificationError
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.open_video import open_video
from tests.fuzz.bases import made_files
from tests.fuzz.mutations import MUTATIONS, mutated
from tests.support.models import tiny_spec

SECONDS = 12.0  # `make fuzz` goes on for as long as it is told
DEADLINE = 20.0


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    return [path.read_bytes() for path in made_files(tmp_path_factory.mktemp("bases"))]


def children():
    """This process's, zombies included."""
    tasks = Path("/proc/self/task").iterdir()
    return [child for task in tasks for child in (task / "children").read_text().split()]


def test_the_whole_input_pipeline(tmp_path, bases):
    path, spec, before = tmp_path / "a", tiny_spec(), children()
    end, number = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        base = number % len(bases)
        names, content = mutated(bases[base], bases[number * 7 % len(bases)], f"0-{number}")
        path.write_bytes(content)
        started = time.monotonic()
        try:
            open_video(path, spec, 2, limits=DecodeLimits(), deadline=Deadline(DEADLINE))
        except ClassificationError:
            pass
        except Exception as error:
            raise AssertionError(f"file {number} ({names})") from error
        assert time.monotonic() - started < DEADLINE + 5, f"file {number} ({names})"
        number += 1

    assert children() == before
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_changes_the_file_and_is_repeatable(monkeypatch, bases, name):
    monkeypatch.setattr("tests.fuzz.mutations.MUTATIONS", {name: MUTATIONS[name]})
    made = [mutated(bases[0], bases[1], str(seed)) for seed in range(20)]

    assert made == [mutated(bases[0], bases[1], str(seed)) for seed in range(20)]
    assert sum(content != bases[0] for _, content in made) >= 15


def test_files_of_a_few_bytes_can_be_mutated():
    for seed in range(300):
        mutated(b"ab", b"c", str(seed))
