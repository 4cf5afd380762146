import logging

import pytest

from training.data.sources.manifest import read_manifest


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def test_folder_names_are_labels(tmp_path):
    touch(tmp_path, *(f"{label}/{n}.mp4" for label in ("run", "sit") for n in range(10)))
    manifest = read_manifest(tmp_path)
    by_label = {
        label: [s.split for s in manifest.samples if s.label == label] for label in manifest.labels
    }

    assert manifest.labels == ("run", "sit")
    assert manifest.samples[0].path == tmp_path / "run" / "0.mp4"
    for splits in by_label.values():
        assert {name: splits.count(name) for name in splits} == {"train": 6, "val": 2, "test": 2}
    assert read_manifest(tmp_path) == manifest


def test_folders_below_a_class_are_groups(tmp_path):
    touch(tmp_path, *(f"{c}/tape{g}/{n}.mkv" for c in "ab" for g in range(5) for n in range(3)))
    manifest = read_manifest(tmp_path)
    splits_of = {}
    for sample in manifest.samples:
        splits_of.setdefault(sample.group, set()).add(sample.split)

    assert set(splits_of) == {f"{c}/tape{g}" for c in "ab" for g in range(5)}
    assert all(len(splits) == 1 for splits in splits_of.values())


def test_folders_of_splits_are_kept(tmp_path):
    touch(tmp_path, *(f"{split}/{c}/{split}.mp4" for split in ("train", "val") for c in "ab"))
    manifest = read_manifest(tmp_path)

    assert [(s.split, s.label) for s in manifest.samples] == [
        ("train", "a"),
        ("train", "b"),
        ("val", "a"),
        ("val", "b"),
    ]


def test_what_is_no_video_is_left_out_and_said(tmp_path, caplog):
    touch(tmp_path, *(f"{c}/{n}.MP4" for c in "ab" for n in range(3)), "a/notes.txt", ".git/x.mp4")
    with caplog.at_level(logging.WARNING):
        manifest = read_manifest(tmp_path)

    assert len(manifest.samples) == 6
    assert "1 files that are no videos are left out" in caplog.text


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a.mp4"], "has no folders; one for each class is needed"),
        (["a/x.mp4", "b/x.txt"], "b holds no video; endings: .3g2"),
        (["a/x.mp4"], "at least two labels are needed"),
    ],
)
def test_refusals(tmp_path, names, message):
    touch(tmp_path, *names)
    with pytest.raises(ValueError, match=message):
        read_manifest(tmp_path)
