"""From generated annotation files and clips to what training reads and decodes."""

import csv
import json
import re

import pytest
from typer.testing import CliRunner

from cli.main import app, main
from tests.support.clips import colour_clip, colour_of
from tests.support.models import tiny_spec
from training.data.cache import InputCache
from training.data.published.kinetics import CLASSES
from training.data.sources.manifest import read_manifest
from training.data.views import View

IDS = [f"{letter * 10}{number}" for letter in "abcdef" for number in range(3)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two seconds of red, then two of green, then blue."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return colour_clip(path, [("red", 2), ("green", 2), ("blue", 2)]).read_bytes()


def put(folder, clip, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(clip)


def prepare(*arguments):
    result = CliRunner().invoke(app, ["prepare", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def left_out(path):
    with path.open(newline="") as file:
        return [tuple(row.values()) for row in csv.DictReader(file)]


def decoded_colours(folder, sample):
    """Of a sample, as training decodes it."""
    cache = InputCache(folder / "cache", tiny_spec())
    view = View(2)
    assert cache.build([sample], [view], workers=1).skipped == ()
    return {colour_of(image) for row in cache.load(sample, view, "recognizer.rgb") for image in row}


def test_kinetics_sounds(tmp_path, clip):
    videos, out = tmp_path / "videos", tmp_path / "lists" / "manifest.csv"
    rows = ["label,youtube_id,time_start,time_end,split"]
    for index, name in enumerate(IDS):
        split = "validate" if index % 6 == 5 else "train"
        rows.append(f"{CLASSES[index % 3]},{name},{index},{index + 10},{split}")
    rows.append("abseiling,zzzzzzzzzzz,0,10,train")
    rows.append(f"{CLASSES[7]},yyyyyyyyyyy,0,10,train")
    (tmp_path / "kinetics.csv").write_text("\n".join(rows))
    for index, name in enumerate(IDS[:-1]):
        folder = CLASSES[index % 3].replace(" ", "_") if index % 2 else "clips"
        stem = name if index == 0 else f"{name}_{index:06d}_{index + 10:06d}"
        put(videos, clip, f"{folder}/{stem}.mp4")
    printed = prepare("kinetics-sounds", videos, tmp_path / "kinetics.csv", "--out", out)
    manifest = read_manifest(out)

    assert printed == [
        f"{out}: 17 videos (12 train, 3 val, 2 test), 3 classes",
        f"without any video in train: {CLASSES[7]}",
        f"2 of 19 are left out, see {tmp_path / 'lists' / 'manifest.left_out.csv'}:",
        "  1 of test: no file",
        "  1 of train: no file",
    ]
    assert manifest.labels == CLASSES[:3]
    assert all(sample.path.exists() for sample in manifest.samples)
    assert [row[0] for row in left_out(tmp_path / "lists" / "manifest.left_out.csv")] == [
        f"{IDS[-1]}_000017_000027",
        "yyyyyyyyyyy_000000_000010",
    ]
    assert decoded_colours(tmp_path, manifest.samples[0]) == {"red", "blue"}


def activitynet(folder):
    database = {
        name: {
            "subset": "validation" if index % 6 == 5 else "training",
            "annotations": [
                {"segment": [0, 2], "label": "Archery"},
                {"segment": [2, 4], "label": "Bullfighting" if index % 2 else "Camel ride"},
            ],
        }
        for index, name in enumerate(IDS)
    }
    path = folder / "activitynet.json"
    path.write_text(json.dumps({"version": "VERSION 1.3", "database": database}))
    return path


def test_activitynet_trimmed(tmp_path, clip):
    put(tmp_path / "videos", clip, *(f"v_{name}.mp4" for name in IDS[:12]))
    out = tmp_path / "manifest.jsonl"
    printed = prepare(
        "activitynet", tmp_path / "videos", activitynet(tmp_path), "--trimmed", "--out", out
    )
    manifest = read_manifest(out)
    first, second = manifest.samples[:2]

    assert printed[0] == f"{out}: 24 videos (16 train, 4 val, 4 test), 3 classes"
    assert not manifest.is_multi_label
    assert (first.label, first.start_seconds, first.end_seconds) == ("Archery", 0.0, 2.0)
    assert first.split == second.split
    assert decoded_colours(tmp_path, first) == {"red"}
    assert decoded_colours(tmp_path, second) == {"green"}


def test_activitynet_whole(tmp_path, clip):
    put(tmp_path / "videos", clip, *(f"{name}.mkv" for name in IDS))
    out = tmp_path / "manifest.csv"
    printed = prepare("activitynet", tmp_path / "videos", activitynet(tmp_path), "--out", out)
    manifest = read_manifest(out)

    assert printed == [f"{out}: 18 videos (13 train, 2 val, 3 test), 3 classes"]
    assert manifest.is_multi_label
    assert manifest.samples[0].labels == ("Archery", "Camel ride")
    assert {len(sample.labels) for sample in manifest.samples} == {2}


def test_fcvid(tmp_path, clip):
    put(tmp_path / "videos", clip, *(f"beach/{name}.mp4" for name in IDS[1:]))
    splits = [f"beach/{name}.flv {('train', 'test')[index % 2]}" for index, name in enumerate(IDS)]
    (tmp_path / "splits.txt").write_text("\n".join(splits))
    (tmp_path / "labels.txt").write_text(
        "\n".join("1 0 1" if n % 3 else "0 1 0" for n in range(18))
    )
    (tmp_path / "classes.txt").write_text("beach\nmaking cake\npanda\n")
    out = tmp_path / "manifest.csv"
    files = (tmp_path / "splits.txt", tmp_path / "labels.txt")
    printed = prepare(
        "fcvid", tmp_path / "videos", *files, "--classes", tmp_path / "classes.txt", "--out", out
    )
    manifest = read_manifest(out)

    assert printed[0] == f"{out}: 17 videos (6 train, 2 val, 9 test), 3 classes"
    assert printed[2:] == ["  1 of train: no file"]
    assert manifest.is_multi_label
    assert manifest.samples[0].labels == ("beach", "panda")


def test_mini_sports1m(tmp_path, clip):
    put(tmp_path / "videos", clip, *(f"{name}.webm" for name in IDS))
    (tmp_path / "train.txt").write_text(
        "\n".join(
            f"https://www.youtube.com/watch?v={name} {i % 2}" for i, name in enumerate(IDS[:12])
        )
    )
    (tmp_path / "test.txt").write_text("\n".join(IDS[11:]))
    (tmp_path / "partition.txt").write_text(
        "\n".join(f"https://www.youtube.com/watch?v={name} 0,1" for name in IDS[11:17])
    )
    (tmp_path / "labels.txt").write_text("boomerang\nboxing\n")
    files = [tmp_path / name for name in ("train.txt", "test.txt", "labels.txt")]
    out = tmp_path / "manifest.csv"
    printed = prepare(
        "mini-sports1m",
        tmp_path / "videos",
        *files,
        "--partition",
        tmp_path / "partition.txt",
        "--out",
        out,
    )
    manifest = read_manifest(out)

    assert printed == [
        f"{out}: 17 videos (9 train, 2 val, 6 test), 2 classes",
        f"2 of 19 are left out, see {tmp_path / 'manifest.left_out.csv'}:",
        "  1 of test: no class in the list or a partition",
        "  1 of train: its source is in test as well",
    ]
    assert manifest.split("test")[0].labels == ("boomerang", "boxing")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["videos", "a.json"], r"none of the 18 annotated videos is in .*videos; looked for files"),
        (["absent", "a.json"], "absent is no folder"),
        (["empty", "a.json"], "empty holds no video"),
        (["videos", "a.json", "--holdout", "1.5"], "holdout is 1.5; a share between 0 and 1"),
        (["videos", "nothing.json"], "No such file"),
    ],
)
def test_what_cannot_be_prepared_is_one_line(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    activitynet(tmp_path).rename("a.json")
    put(tmp_path, b"", "videos/other.mp4", "empty/notes.txt")
    monkeypatch.setattr("sys.argv", ["adamml", "prepare", "activitynet", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    said = capsys.readouterr().err

    assert left.value.code == 1
    assert len(said.splitlines()) == 1
    assert re.search(message, said)
    assert not list(tmp_path.glob("manifest*"))
