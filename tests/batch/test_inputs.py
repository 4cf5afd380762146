"""INPUT to videos: folders, globs, lists and manifests, here and elsewhere; shards of them."""

import json
import os

import pytest

from batch.inputs import Shard, find_videos
from batch.lists import LIST_SUFFIXES


@pytest.fixture
def folder(tmp_path):
    for name in ("b/two.MP4", "a/one.mkv", "a/notes.txt", "a/.hidden.mp4", "a/deep/three.webm"):
        file = tmp_path / "videos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path / "videos"


def paths(source, shard=None):
    return [video.path for video in find_videos(str(source), shard).videos]


def test_a_folder_has_its_videos_at_any_depth(folder, monkeypatch):
    found = [str(folder / name) for name in ("a/deep/three.webm", "a/one.mkv", "b/two.MP4")]

    assert paths(folder) == found
    monkeypatch.chdir(folder.parent)
    assert paths("videos") == found
    assert paths(f"file://{folder}") == found


def test_a_pattern_chooses_by_itself(folder):
    assert paths(folder / "*" / "*.m*") == [str(folder / "a/one.mkv")]
    assert len(paths(folder / "**" / "*.*")) == 4
    assert paths(folder / "a" / "one.mkv") == [str(folder / "a/one.mkv")]


LISTS = {
    "list.txt": b"\xef\xbb\xbfa/one.mkv\r\n\n/abs/x y.mp4\ns3://bucket/z.mp4\na/one.mkv",
    "list.csv": b'path,label,start_seconds\na/one.mkv,run,\n/abs/x y.mp4,"a,b",\n'
    b"s3://bucket/z.mp4,,\na/one.mkv,,\n",
    "list.jsonl": b'{"path": "a/one.mkv", "split": "test"}\n{"path": "/abs/x y.mp4"}\n'
    b'{"path": "s3://bucket/z.mp4"}\n{"path": "a/one.mkv"}\n',
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_read_as_it_is_written(tmp_path, name):
    (tmp_path / name).write_bytes(LISTS[name])

    found = find_videos(str(tmp_path / name))

    assert [video.path for video in found.videos] == [
        "a/one.mkv",
        "/abs/x y.mp4",
        "s3://bucket/z.mp4",
    ]
    assert [video.place for video in found.videos] == [
        str(tmp_path / "a/one.mkv"),
        "/abs/x y.mp4",
        "s3://bucket/z.mp4",
    ]
    assert found.repeated == 1


def test_a_list_may_be_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"n": [1, 2], "path": ["a", "b"]}), tmp_path / "l.parquet")

    assert paths(tmp_path / "l.parquet") == ["a", "b"]


def test_names_that_are_not_utf8_can_be_told_and_opened(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"caf\xe9.mp4\n")

    (video,) = find_videos(str(tmp_path / "list.txt")).videos

    assert video.path == "caf\\xe9.mp4"
    assert os.fsencode(video.place).endswith(b"/caf\xe9.mp4")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "file,label\nx.mp4,run\n", "row 1: path is None"),
        ("a.jsonl", '{"path": 3}\n', "row 1: path is 3"),
        ("a.csv", "path,start_seconds\nx.mp4,\ny.mp4,2.5\n", "row 2: start_seconds is '2.5'"),
        ("a.txt", "\n", "has no videos"),
        ("a.doc", "x", "neither a video nor a list"),
    ],
)
def test_what_is_no_list_is_told(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)

    with pytest.raises(ValueError, match=said):
        find_videos(str(tmp_path / name))


def test_what_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        find_videos(str(tmp_path / "nothing"))
    with pytest.raises(FileNotFoundError):
        find_videos(str(tmp_path / "nothing.csv"))
    with pytest.raises(ValueError, match="has no videos"):
        find_videos(str(tmp_path / "*.mp4"))


def test_shards_are_disjoint_and_complete_whatever_the_order(tmp_path):
    names = [f"clip{number}.mp4" for number in range(200)]
    (tmp_path / "list.txt").write_text("\n".join(names))
    (tmp_path / "sorted.txt").write_text("\n".join(sorted(names)))
    shards = [paths(tmp_path / "list.txt", Shard.parse(f"{i}/7")) for i in range(1, 8)]

    assert sorted(path for shard in shards for path in shard) == sorted(names)
    assert min(map(len, shards)) > 10
    assert set(paths(tmp_path / "sorted.txt", Shard(3, 7))) == set(shards[2])


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "-1/3", ""])
def test_a_shard_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="allowed: i/n"):
        Shard.parse(text)


def test_places_elsewhere():
    fsspec = pytest.importorskip("fsspec")
    files = fsspec.filesystem("memory")
    for name in ("b.mp4", "deep/a.mkv", "notes.md"):
        files.pipe_file(f"/found/{name}", b"")
    files.pipe_file("/found/list.jsonl", json.dumps({"path": "deep/a.mkv"}).encode())

    assert paths("memory://found") == ["memory:///found/b.mp4", "memory:///found/deep/a.mkv"] or (
        paths("memory://found") == ["memory://found/b.mp4", "memory://found/deep/a.mkv"]
    )
    assert len(paths("memory://found/*.mp4")) == 1
    (video,) = find_videos("memory://found/list.jsonl").videos
    assert (video.path, video.place) == ("deep/a.mkv", "memory://found/deep/a.mkv")


def test_endings_of_lists_are_those_that_the_document_names():
    assert {".txt", ".csv", ".jsonl", ".parquet"} <= LIST_SUFFIXES
