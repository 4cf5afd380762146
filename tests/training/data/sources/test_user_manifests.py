"""Folders and manifests as spreadsheets, downloaders and people make them."""

import pytest

from training.data.sources.manifest import read_manifest

ROWS = "path,label,split\na.mp4,café,train\nb.mp4,sit,train\nc.mp4,sit,val\n"


def folder_of(path, *names):
    for name in names:
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return path


@pytest.mark.parametrize(
    "names",
    [
        ("train", "val", "test"),
        ("Train", "Validation", "Test"),
        ("training", "valid", "testing"),
        ("TRAIN", "dev", "test"),
    ],
)
def test_folders_of_splits_by_any_usual_name(tmp_path, names):
    files = [f"{name}/{label}/{name}.mp4" for name in names for label in ("run", "sit")]

    manifest = read_manifest(folder_of(tmp_path, *files))

    assert manifest.labels == ("run", "sit")
    assert [len(manifest.split(split)) for split in ("train", "val", "test")] == [2, 2, 2]


def test_a_folder_of_notes_beside_the_splits_is_left_out(tmp_path, caplog):
    files = [f"{split}/{label}/a.mp4" for split in ("train", "val") for label in ("run", "sit")]

    manifest = read_manifest(folder_of(tmp_path, *files, "notes/read.txt"))

    assert manifest.labels == ("run", "sit")
    assert "notes" in caplog.text


def test_a_class_beside_the_splits_is_refused(tmp_path):
    files = [f"{split}/{label}/a.mp4" for split in ("train", "val") for label in ("run", "sit")]

    with pytest.raises(ValueError, match=r"beside them \['jump'\]"):
        read_manifest(folder_of(tmp_path, *files, "jump/a.mp4"))


def test_two_names_of_one_split_are_refused(tmp_path):
    files = [f"{split}/{label}/a.mp4" for split in ("val", "dev") for label in ("run", "sit")]

    with pytest.raises(ValueError, match="the same split"):
        read_manifest(folder_of(tmp_path, *files))


def test_classes_that_are_called_as_splits_are_classes(tmp_path):
    files = [f"{label}/{number}.mp4" for label in ("train", "test") for number in range(12)]

    assert read_manifest(folder_of(tmp_path, *files)).labels == ("test", "train")


@pytest.mark.parametrize("ending", ["gif", "vob", "mxf", "3g2", "asf", "f4v", "m2v", "ogg", "dv"])
def test_every_format_that_is_classified_is_read(tmp_path, ending):
    files = [f"{label}/{number}.{ending}" for label in ("run", "sit") for number in range(12)]

    assert len(read_manifest(folder_of(tmp_path, *files)).samples) == 24


def test_labels_that_look_alike_are_one(tmp_path):
    path = tmp_path / "m.csv"
    rows = ["a.mp4,run ,train", "b.mp4,run,val", "c.mp4,cafe\u0301,train", "d.mp4,caf\u00e9,val"]
    rows.append("e.mp4,run\u00a0,train")
    path.write_text("path,label,split\n" + "\n".join(rows), encoding="utf-8")

    assert read_manifest(path).labels == ("caf\u00e9", "run")


@pytest.mark.parametrize("other", ["./a.mp4", "x/../a.mp4", "{folder}/a.mp4"])
def test_one_video_by_two_spellings_is_refused(tmp_path, other):
    path = tmp_path / "m.csv"
    second = other.format(folder=tmp_path)
    path.write_text(f"path,label,split\na.mp4,run,train\n{second},sit,val\n")

    with pytest.raises(ValueError, match=r"is at .* too"):
        read_manifest(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_spreadsheets_write(tmp_path, encoding):
    path = tmp_path / "m.csv"
    path.write_text(ROWS, encoding=encoding)

    assert read_manifest(path).labels == ("café", "sit")


def test_another_encoding_is_refused_with_its_line(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(ROWS, encoding="cp1252")

    with pytest.raises(ValueError, match=r"m.csv:2: the file is not in UTF-8"):
        read_manifest(path)


def test_an_ending_in_capitals(tmp_path):
    path = tmp_path / "M.CSV"
    path.write_text(ROWS)

    assert len(read_manifest(path).samples) == 3


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("path,label,label\na.mp4,run,sit\n")

    with pytest.raises(ValueError, match="twice"):
        read_manifest(path)


def test_a_cell_that_is_too_long_is_refused_with_its_line(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(f"path,label\na.mp4,{'x' * 200_000}\n")

    with pytest.raises(ValueError, match=r"m.csv:\d: field larger than field limit"):
        read_manifest(path)
