import json

import pytest

from training.data.sources.manifest import read_manifest

GOOD = """path,label,split,group
a.mp4,run,train,g1
b.mp4,sit,train,g2
c.mp4,run,val,g3
"""
SEVERAL = """path,labels,split
a.mp4,run|sing,train
b.mp4,sing,train
c.mp4,,val
"""


def write(tmp_path, text, name="manifest.csv"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_reads_samples_relative_to_the_file(tmp_path):
    manifest = read_manifest(write(tmp_path, GOOD))

    assert manifest.labels == ("run", "sit")
    assert [sample.path.name for sample in manifest.split("train")] == ["a.mp4", "b.mp4"]
    assert manifest.samples[0].path == tmp_path / "a.mp4"
    assert manifest.index(manifest.samples[1]) == 1
    assert manifest.samples[2].labels == ("run",)
    assert manifest.samples[2].group == "g3"
    assert not manifest.is_multi_label


def test_several_labels_or_none_stand_in_one_cell(tmp_path):
    manifest = read_manifest(write(tmp_path, SEVERAL))

    assert manifest.is_multi_label
    assert [sample.labels for sample in manifest.samples] == [("run", "sing"), ("sing",), ()]
    assert [manifest.indices(sample) for sample in manifest.samples] == [[0, 1], [1], []]
    with pytest.raises(ValueError, match=r"a.mp4 has the labels \('run', 'sing'\); one was"):
        _ = manifest.samples[0].label


def test_json_lines_say_the_same(tmp_path):
    rows = [
        {"path": "a.mp4", "labels": ["run", "sing"], "split": "train", "has_audio": True},
        {"path": "b.mp4", "labels": ["sing"], "split": "train", "has_audio": False},
        {"path": "c.mp4", "labels": [], "split": "val", "start_seconds": 1, "end_seconds": 2.5},
    ]
    lines = "\n\n".join(json.dumps(row) for row in rows)
    manifest = read_manifest(write(tmp_path, lines, "manifest.jsonl"))

    assert [sample.labels for sample in manifest.samples] == [("run", "sing"), ("sing",), ()]
    assert [sample.has_audio for sample in manifest.samples] == [True, False, None]
    assert [sample.is_trimmed for sample in manifest.samples] == [False, False, True]
    assert manifest.samples[2].end_seconds == 2.5


def test_optional_columns(tmp_path):
    text = (
        "\ufeffpath,label,split,has_audio,start_seconds,end_seconds\n"
        "a.mp4,run,train,1,,\n"
        "a.mp4,run,train,1,2.5,4\n"
        'b.mp4,"sit, down",train,0,,\n'
        "c.mp4,run,val,,3,\n"
    )
    a, part, b, c = read_manifest(write(tmp_path, text)).samples

    assert (a.has_audio, b.has_audio, c.has_audio) == (True, False, None)
    assert (part.start_seconds, part.end_seconds, part.group) == (2.5, 4.0, a.group)
    assert (c.start_seconds, c.end_seconds) == (3.0, None)
    assert b.label == "sit, down"


def test_a_manifest_without_splits_is_split_by_group(tmp_path):
    rows = [f"{n}_{c}.mp4,{('run', 'sit')[n % 2]},g{n}" for n in range(20) for c in "ab"]
    path = write(tmp_path, "\n".join(["path,label,group", *rows]))
    manifest = read_manifest(path)
    groups = {split: {s.group for s in manifest.split(split)} for split in ("train", "val", "test")}

    assert [len(groups[split]) for split in ("train", "val", "test")] == [12, 4, 4]
    assert not groups["train"] & groups["val"]
    assert not groups["test"] & (groups["train"] | groups["val"])
    assert read_manifest(path) == manifest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,split\na,train\n", r"manifest.csv:1: .* missing: \['label \(or labels\)'\]"),
        ("path,label,grp\na,run,g\n", r"manifest.csv:1: .* unknown: \['grp'\]; allowed"),
        (GOOD + "d.mp4,run,dev,g4\n", r"manifest.csv:5: split is 'dev': Input should be 'train'"),
        (GOOD + "d.mp4,,train,g4\n", r"manifest.csv:5: either label \(exactly one\) or labels"),
        (GOOD + ",run,train,g4\n", "manifest.csv:5: path is missing or empty"),
        (GOOD + "d.mp4,run,train,g4,h\n", r"manifest.csv:5: more cells than columns: \['h'\]"),
        (GOOD + "d.mp4,run,,g4\n", r"split is in one but not the other of .*:2, .*:5"),
        (
            GOOD + "d.mp4,run,val,g1\n",
            r"manifest.csv:5: group 'g1' is in val here and in train at .*manifest.csv:2",
        ),
        (GOOD + "a.mp4,sit,train,g1\n", r"manifest.csv:5: a.mp4 is at .*manifest.csv:2 too"),
        (GOOD + "d.mp4,fly,test,g5\n", r"absent from train: \['fly'\]"),
        (GOOD.replace("val", "test"), "no video is in val"),
        (GOOD.splitlines()[0], "manifest.csv has no videos"),
        (SEVERAL + "d.mp4,run|run,train\n", r"manifest.csv:5: labels repeat: \('run', 'run'\)"),
        (
            "path,label,start_seconds,end_seconds\na.mp4,run,5,2\n",
            r"manifest.csv:2: end_seconds is 2.0; it must be after start_seconds, which is 5.0",
        ),
        ("path,label,start_seconds\na.mp4,run,-1\n", "start_seconds is '-1': .* greater than or"),
        ("path,label,has_audio\na.mp4,run,perhaps\n", "has_audio is 'perhaps': .*valid boolean"),
    ],
)
def test_refuses_with_the_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_manifest(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "manifest.jsonl:1: not JSON"),
        ("[1]", r"manifest.jsonl:1: one object a line is needed, got \[1\]"),
        ('{"path": "a", "lable": "run"}', "'lable' is unknown; allowed"),
        ('{"path": "a", "labels": "run"}', "labels is 'run'"),
        ('{"path": "a", "label": "run", "labels": ["run"]}', "either label .* or labels"),
        (
            '{"path": "a", "label": "run"}\n{"path": "b", "labels": ["run"]}',
            "jsonl:1 and .*jsonl:2: label in one, labels in the other",
        ),
    ],
)
def test_refuses_json_lines_with_the_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_manifest(write(tmp_path, text, "manifest.jsonl"))


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"ends in '.txt'; allowed are .csv, .jsonl, or a folder"):
        read_manifest(write(tmp_path, GOOD, "manifest.txt"))


def test_evaluating_needs_no_training_split(tmp_path):
    path = write(tmp_path, "path,label,split\na.mp4,run,test\n")

    assert [sample.label for sample in read_manifest(path, for_training=False).samples] == ["run"]
    with pytest.raises(ValueError, match="at least two labels"):
        read_manifest(path)
