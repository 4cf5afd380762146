import zipfile

import pytest

import model.files.bundle as bundle_module
from model.files.bundle import (
    BundleError,
    file_version,
    graph_names,
    read_bundle,
    read_spec,
    write_bundle,
)
from model.spec.presets import preset

SPEC = preset("rgb-audio", ("a", "b"))


def make_bundle(path):
    write_bundle(path, SPEC, {name: name.encode() * 100 for name in graph_names(SPEC)})
    return path


def rewrite(source, target, *, drop=(), replace=None):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if name not in drop:
                new.writestr(name, (replace or {}).get(name, old.read(name)))
    return target


def test_reads_what_was_written(tmp_path):
    bundle = read_bundle(make_bundle(tmp_path / "m.adamml"))

    assert bundle.spec == SPEC
    assert bundle.graphs["fusion"] == b"fusion" * 100
    assert bundle.version == file_version(tmp_path / "m.adamml")
    assert read_spec(tmp_path / "m.adamml") == SPEC


def test_same_content_gives_the_same_version(tmp_path):
    first, second = make_bundle(tmp_path / "1"), make_bundle(tmp_path / "2")

    assert first.read_bytes() == second.read_bytes()


def test_refuses_to_write_with_a_graph_missing(tmp_path):
    with pytest.raises(BundleError, match=r"needed: .*recognizer_rgb"):
        write_bundle(tmp_path / "m.adamml", SPEC, {"fusion": b""})

    assert list(tmp_path.iterdir()) == []


def test_refuses_what_is_not_a_zip(tmp_path):
    (tmp_path / "m.adamml").write_bytes(b"PK but no more")

    with pytest.raises(BundleError, match="is not a bundle"):
        read_bundle(tmp_path / "m.adamml")


def test_refuses_a_truncated_file(tmp_path):
    whole = make_bundle(tmp_path / "m.adamml").read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(BundleError, match="is not a bundle"):
        read_bundle(tmp_path / "half")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"drop": ["spec.json"]}, "has no spec.json"),
        ({"drop": ["fusion.onnx"]}, "lacks fusion.onnx"),
        ({"replace": {"spec.json": "{"}}, "is not JSON"),
        ({"replace": {"spec.json": '{"format_version": 9}'}}, "format_version is 9; .* reads 1"),
        ({"replace": {"spec.json": '{"format_version": 1}'}}, "not understood: .*labels"),
    ],
)
def test_refuses_with_a_reason(tmp_path, changes, message):
    source = make_bundle(tmp_path / "m.adamml")

    with pytest.raises(BundleError, match=message):
        read_bundle(rewrite(source, tmp_path / "changed", **changes))


def test_a_damaged_member_is_refused(tmp_path):
    content = bytearray(make_bundle(tmp_path / "m.adamml").read_bytes())
    position = content.index(b"recognizer_rgb.onnx") + 25
    content[position] ^= 0xFF
    (tmp_path / "m.adamml").write_bytes(content)

    with pytest.raises(BundleError, match="is not a bundle"):
        read_bundle(tmp_path / "m.adamml")


def test_a_file_that_is_replaced_meanwhile_does_not_mix(tmp_path, monkeypatch):
    """The version used to be that of the file which stood there when the graphs had been read."""
    path = make_bundle(tmp_path / "m.adamml")
    first = file_version(path)
    other = tmp_path / "other.adamml"
    write_bundle(other, SPEC, dict.fromkeys(graph_names(SPEC), b"other"))
    read_member = bundle_module._read_member

    def replace_first(*arguments):
        if other.exists():
            other.replace(path)
        return read_member(*arguments)

    monkeypatch.setattr(bundle_module, "_read_member", replace_first)
    read = read_bundle(path)

    assert (read.version, read.graphs["fusion"]) == (first, b"fusion" * 100)
    assert file_version(path) != first
