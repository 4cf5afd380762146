"""Parts are complete or absent, and tell what is done."""

import os

import pytest

from batch import parts as parts_module
from batch.formats import FORMATS
from batch.inputs import Shard
from batch.output_folder import open_folder
from batch.parts import Parts
from batch.rows import problem_row


def row(path):
    return problem_row(path, "unreadable", "gone", model="0123")


def parts_of(place, name="jsonl", shard=None, **identity):
    return Parts(open_folder(str(place)), name, shard, identity={"budget": 1, **identity})


@pytest.fixture(params=FORMATS)
def name(request):
    if request.param == "parquet":
        pytest.importorskip("pyarrow")
    return request.param


def write(parts, *paths):
    with parts.writer() as writer:
        for path in paths:
            writer.add(row(path))


def test_what_was_written_is_done(tmp_path, name):
    awkward = ['a "quoted", \\n.mp4', "b\u2028ü.mp4", "s3://c"]
    write(parts_of(tmp_path, name), *awkward)
    write(parts_of(tmp_path, name), "later")
    write(parts_of(tmp_path, name, Shard(2, 3)), "of another shard")

    assert parts_of(tmp_path, name).done() == {*awkward, "later", "of another shard"}
    assert sorted(file.name for file in tmp_path.glob("part-*")) == [
        f"part-00001-of-00001-000000.{name}",
        f"part-00001-of-00001-000001.{name}",
        f"part-00002-of-00003-000000.{name}",
    ]


def test_rows_are_flushed_by_number_and_whatever_happens(tmp_path, monkeypatch):
    monkeypatch.setattr(parts_module, "PART_ROWS", 2)

    def interrupted():
        with parts_of(tmp_path).writer() as writer:
            for path in "abc":
                writer.add(row(path))
            assert len(parts_of(tmp_path).done()) == 2
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert parts_of(tmp_path).done() == set("abc")


def test_rows_are_flushed_by_time(tmp_path, monkeypatch):
    monkeypatch.setattr(parts_module, "PART_SECONDS", 0.0)
    with parts_of(tmp_path).writer() as writer:
        writer.add(row("a"))
        assert parts_of(tmp_path).done() == {"a"}


def test_a_part_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    write(parts_of(tmp_path), "a")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(parts_of(tmp_path), "b")
    monkeypatch.undo()

    assert parts_of(tmp_path).done() == {"a"}
    assert [file.name for file in tmp_path.glob(".part*")] == []


def test_two_processes_do_not_write_one_shard(tmp_path):
    with parts_of(tmp_path).writer():
        with pytest.raises(OSError, match="another process"):
            write(parts_of(tmp_path), "a")
        write(parts_of(tmp_path, shard=Shard(1, 2)), "b")
    write(parts_of(tmp_path), "a")


def test_what_a_killed_process_left_is_removed(tmp_path):
    own, other = tmp_path / ".part-00001-of-00001-000000.jsonl.x", tmp_path / ".part-00001-of-00002"
    own.write_text("{")
    other.write_text("{")
    write(parts_of(tmp_path), "a")

    assert not own.exists()
    assert other.exists()


def test_rows_made_otherwise_are_not_mixed(tmp_path):
    parts_of(tmp_path, budget=2).require_identity()  # A run without a row binds nobody.
    write(parts_of(tmp_path), "a")
    parts_of(tmp_path).require_identity()

    with pytest.raises(ValueError, match="budget was 1 and is 2"):
        parts_of(tmp_path, budget=2).require_identity()
    with pytest.raises(ValueError, match="format was 'jsonl' and is 'parquet'"):
        parts_of(tmp_path, "parquet").require_identity()
    (tmp_path / "_batch.json").unlink()
    with pytest.raises(ValueError, match="has parts"):
        parts_of(tmp_path).require_identity()


def test_parts_may_lie_elsewhere():
    pytest.importorskip("fsspec")
    write(parts_of("memory://parts"), "a")
    write(parts_of("memory://parts"), "b")

    assert parts_of("memory://parts").done() == {"a", "b"}
