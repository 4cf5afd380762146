"""Annotation files in their official forms, as far as the videos they name."""

import gzip
import json

import pytest

from training.data.published.activitynet import read_activitynet
from training.data.published.fcvid import read_fcvid
from training.data.published.kinetics import CLASSES, read_kinetics
from training.data.published.sports1m import read_sports1m
from training.data.published.video_index import VideoIndex

KINETICS = """label,youtube_id,time_start,time_end,split
playing drums,-aBcDeFgHiJ,7,17,train
air drumming,zzzzzzzzzzz,0,10,train
"tap dancing",AAAAAAAAAAA,100,110,validate
tap dancing,BBBBBBBBBBB,1,11,test
"""
ACTIVITYNET = {
    "version": "VERSION 1.3",
    "taxonomy": [{"nodeId": 269, "nodeName": "Removing curlers"}],
    "database": {
        "AAAAAAAAAAA": {
            "subset": "training",
            "duration": 10.5,
            "resolution": "640x480",
            "url": "https://www.youtube.com/watch?v=AAAAAAAAAAA",
            "annotations": [
                {"segment": [1.5, 4.0], "label": "Polishing shoes"},
                {"segment": [6, 9.25], "label": "Drinking coffee"},
                {"segment": [5.0, 5.0], "label": "Drinking coffee"},
            ],
        },
        "BBBBBBBBBBB": {
            "subset": "validation",
            "annotations": [{"segment": [0, 3], "label": "Drinking coffee"}],
        },
        "CCCCCCCCCCC": {"subset": "testing", "annotations": []},
        "DDDDDDDDDDD": {"subset": "training", "annotations": []},
    },
}


def write(path, text):
    path.write_text(text)
    return path


def test_kinetics_sounds_has_31_classes():
    assert len(set(CLASSES)) == 31
    assert list(CLASSES) == sorted(CLASSES)


def test_kinetics(tmp_path):
    drums, dance = read_kinetics([write(tmp_path / "k.csv", KINETICS)])

    assert drums.names == ("-aBcDeFgHiJ_000007_000017", "-aBcDeFgHiJ_7_17", "-aBcDeFgHiJ")
    assert (drums.labels, drums.split, drums.start_seconds) == (("playing drums",), "train", None)
    assert (dance.names[0], dance.split, dance.group) == (
        "AAAAAAAAAAA_000100_000110",
        "test",
        "AAAAAAAAAAA",
    )


def test_kinetics_of_whole_videos_uses_the_annotated_part(tmp_path):
    _, dance = read_kinetics([write(tmp_path / "k.csv", KINETICS)], whole_videos=True)

    assert (dance.names, dance.start_seconds, dance.end_seconds) == (("AAAAAAAAAAA",), 100, 110)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,label\n", r"k.csv:1: .*missing: \['split', 'time_end', 'time_start', 'youtube_id'\]"),
        (KINETICS + "singing,x,1,2,dev\n", r"k.csv:6: split is 'dev'; allowed: \['train', "),
        (KINETICS + "singing,x,a,2,train\n", "k.csv:6: time_start is 'a', time_end '2'; seconds"),
    ],
)
def test_kinetics_refusals(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_kinetics([write(tmp_path / "k.csv", text)])


def test_activitynet_whole_videos_have_several_labels(tmp_path):
    path = write(tmp_path / "a.json", json.dumps(ACTIVITYNET))
    read = read_activitynet(path, trimmed=False)

    assert [(one.names, one.labels, one.split) for one in read.annotated] == [
        (("v_AAAAAAAAAAA", "AAAAAAAAAAA"), ("Drinking coffee", "Polishing shoes"), "train"),
        (("v_BBBBBBBBBBB", "BBBBBBBBBBB"), ("Drinking coffee",), "test"),
    ]
    assert [(one.annotated.group, one.reason) for one in read.left_out] == [
        ("DDDDDDDDDDD", "no annotation")
    ]


def test_activitynet_trimmed_has_an_entry_a_segment(tmp_path):
    path = write(tmp_path / "a.json", json.dumps(ACTIVITYNET))
    read = read_activitynet(path, trimmed=True)

    assert [(one.labels, one.start_seconds, one.end_seconds) for one in read.annotated] == [
        (("Polishing shoes",), 1.5, 4.0),
        (("Drinking coffee",), 6.0, 9.25),
        (("Drinking coffee",), 0.0, 3.0),
    ]
    assert [one.reason for one in read.left_out] == ["an empty segment"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "a.json: the file: Invalid JSON"),
        ("{}", "a.json: database: Field required"),
        (
            '{"database": {"x": {"subset": "training", "annotations": [{"label": "a"}]}}}',
            r"a.json: database.x.annotations.0.segment: Field required",
        ),
    ],
)
def test_activitynet_refusals(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_activitynet(write(tmp_path / "a.json", text), trimmed=True)


def test_fcvid(tmp_path):
    splits = write(tmp_path / "s.txt", "beach/a1.mp4 train\nbeach/b.2.flv\ttest\npanda/c train\n\n")
    labels = write(tmp_path / "l.txt", "1\t0\t1\n0 1 0\n0 0 0\n")
    classes = write(tmp_path / "c.txt", "1,beach\n2 making cake\n3\tpanda\n")
    read = read_fcvid(splits, labels, classes)

    assert [(one.names, one.labels, one.split, one.group) for one in read] == [
        (("beach/a1",), ("beach", "panda"), "train", "a1"),
        (("beach/b.2",), ("making cake",), "test", "b.2"),
        (("panda/c",), (), "train", "c"),
    ]
    assert read_fcvid(splits, labels, None)[1].labels == ("category 002",)


@pytest.mark.parametrize(
    ("splits", "labels", "classes", "message"),
    [
        ("a train\n", "1 0\n0 1\n", "x\ny\n", "has 1 videos, .* 2; they must go line by line"),
        ("a dev\n", "1 0\n", "x\ny\n", "s.txt:1: 'a dev'; a video's name and train or test"),
        ("a train\n", "1 0 1\n", "x\ny\n", r"l.txt:1: 3 values, .*; 2 of 0 or 1 are needed"),
        ("a train\n", "1 7\n", "x\ny\n", r"l.txt:1: 2 values, such as \['1', '7'\]; 2 of 0 or 1"),
        ("a train\n", "1 0\n", "x\nx\n", "c.txt: names repeat"),
    ],
)
def test_fcvid_refusals(tmp_path, splits, labels, classes, message):
    files = [
        write(tmp_path / f"{name}.txt", text)
        for name, text in (("s", splits), ("l", labels), ("c", classes))
    ]
    with pytest.raises(ValueError, match=message):
        read_fcvid(*files)


def test_sports1m_lists_with_classes_and_without(tmp_path):
    train = "https://www.youtube.com/watch?v=UDqivjS-lpI 1,0\nhttp://youtu.be/BBBBBBBBBBB\n"
    test = "CCCCCCCCCCC;2\n-DDDDDDDDDD\n"
    partition = tmp_path / "p.txt.gz"
    partition.write_bytes(
        gzip.compress(b"https://www.youtube.com/watch?v=BBBBBBBBBBB&feature=x 2,2\n")
    )
    read = read_sports1m(
        {"train": write(tmp_path / "a.txt", train), "test": write(tmp_path / "b.txt", test)},
        write(tmp_path / "labels.txt", "boomerang\nboxing\nkyūdō\n"),
        [partition],
    )

    assert [(one.names, one.labels, one.split) for one in read.annotated] == [
        (("UDqivjS-lpI",), ("boxing", "boomerang"), "train"),
        (("BBBBBBBBBBB",), ("kyūdō",), "train"),
        (("CCCCCCCCCCC",), ("kyūdō",), "test"),
    ]
    assert [one.annotated.group for one in read.left_out] == ["-DDDDDDDDDD"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("https://www.youtube.com/watch?v=UDqivjS-lpI 487", r"a.txt:1: classes \[487\]; .* 0 to 1"),
        ("hello world!", "a.txt:1: 'hello world!'; a YouTube address or id and class numbers"),
        ("https://example.org/ 1", "a YouTube address or id"),
    ],
)
def test_sports1m_refusals(tmp_path, line, message):
    path = write(tmp_path / "a.txt", line)
    with pytest.raises(ValueError, match=message):
        read_sports1m({"train": path}, write(tmp_path / "labels.txt", "a\nb\n"), [])


def test_of_several_files_of_a_name_the_folder_decides(tmp_path):
    for folder in ("train/tap_dancing", "train/singing", "beach"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.mp4").touch()
    index = VideoIndex.scan(tmp_path)

    assert index.find(["x", "a"], ["Tap dancing"]) == tmp_path / "train/tap_dancing/a.mp4"
    assert index.find(["beach/a"], ["singing"]) == tmp_path / "beach/a.mp4"
    assert index.find(["a"], []) == tmp_path / "beach/a.mp4"
    assert index.find(["b"], []) is None
    with pytest.raises(ValueError, match="is no folder"):
        VideoIndex.scan(tmp_path / "absent")
