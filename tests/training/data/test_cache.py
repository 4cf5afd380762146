import errno
import os
import shutil

import numpy as np
import pytest

from model.spec.presets import preset
from tests.support.clips import colour_clip, colour_of
from tests.support.models import tiny_spec
from tests.support.moving_clip import moving_clip
from training.data import cache as module
from training.data.cache import InputCache, report_skipped
from training.data.clip import Clip
from training.data.sources.manifest import Sample
from training.data.views import View, extract, extract_all


def sample(path, **changes):
    return Sample(path=path, labels=("a",), split="train", group="g", **changes)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", seconds=2)


def test_a_copy_has_the_same_key_and_a_changed_file_another(tmp_path):
    cache = InputCache(tmp_path, preset("compact", ["a", "b"]))
    video = tmp_path / "one" / "clip.mp4"
    video.parent.mkdir()
    video.write_bytes(b"first")
    first = cache.file(sample(video), View(5))
    (tmp_path / "two").mkdir()
    copied = shutil.copyfile(video, tmp_path / "two" / "clip.mp4")
    os.utime(video, ns=(1, 1))
    assert cache.file(sample(copied), View(5)) == first == cache.file(sample(video), View(5))
    video.write_bytes(b"other")
    assert cache.file(sample(video), View(5)) != first


def test_views_parts_and_specs_have_keys_of_their_own(tmp_path):
    video = tmp_path / "clip.mp4"
    video.write_bytes(b"first")
    samples = [sample(video), sample(video, start_seconds=1.0), sample(video, end_seconds=1.0)]
    specs = [preset(name, ["a", "b"]) for name in ("compact", "rgb-audio")]
    views = [View(5), View(10), View(5, 0), View(5, 1)]
    files = {InputCache(tmp_path, s).file(one, v) for s in specs for v in views for one in samples}
    assert len(files) == 24


def test_the_key_is_what_it_was(tmp_path):
    """What was decoded once stays usable: a key that moves throws away days of decoding."""
    video = tmp_path / "clip.mp4"
    video.write_bytes(b"first")

    file = InputCache(tmp_path, tiny_spec()).file(sample(video), View(5, 1))
    assert str(file.relative_to(tmp_path)) == "a1/6316bc64e1c805bae34b6ea9535775.npz"


def test_bad_files_are_left_out_with_their_reasons(tmp_path, clip, caplog):
    whole = clip.read_bytes()
    files = {"empty": b"", "text": b"hello, no video\n" * 50, "cut": whole[: len(whole) // 3]}
    samples = [sample(clip)]
    for name, content in files.items():
        (tmp_path / f"{name}.mp4").write_bytes(content)
        samples.append(sample(tmp_path / f"{name}.mp4"))
    (tmp_path / "folder.mp4").mkdir()
    samples += [sample(tmp_path / "folder.mp4"), sample(tmp_path / "absent.mp4")]

    cache = InputCache(tmp_path / "cache", tiny_spec())
    built = cache.build(samples, [View(2), View(2, 0)], workers=2)
    report_skipped(built.skipped, tmp_path / "out" / "skipped.csv")

    assert built.samples == (samples[0],) == cache.present(samples, [View(2), View(2, 0)])
    assert {one.sample.path.stem: one.code for one in built.skipped} == {
        "empty": "empty_upload",
        "text": "undecodable_video",
        "cut": "undecodable_video",
        "folder": "unreadable",
        "absent": "unreadable",
    }
    lines = (tmp_path / "out" / "skipped.csv").read_text().splitlines()
    assert lines[0] == "path,split,code,reason"
    assert sorted(line.split(",")[0] for line in lines[1:]) == sorted(
        str(one.path) for one in samples[1:]
    )
    assert "5 videos are skipped (1 empty_upload, 2 undecodable_video, 2 unreadable)" in caplog.text


def test_only_what_is_missing_is_decoded(tmp_path, clip, monkeypatch):
    cache = InputCache(tmp_path, tiny_spec())
    first = cache.build([sample(clip)], [View(2)], workers=1)
    kept = cache.file(sample(clip), View(2)).stat().st_mtime_ns
    decoded = []

    def watched(path, spec, views, part, **others):
        decoded.extend(views)
        return extract_all(path, spec, views, part, **others)

    monkeypatch.setattr(module, "extract_all", watched)
    again = cache.build([sample(clip)], [View(2), View(3)], workers=1)

    assert again == first
    assert decoded == [View(3)]
    assert cache.file(sample(clip), View(2)).stat().st_mtime_ns == kept


def test_a_cut_run_goes_on_and_leaves_no_half_files(tmp_path, clip, monkeypatch):
    cache = InputCache(tmp_path, tiny_spec())
    views = [View(1, draw) for draw in range(4)]

    def failing(path, spec, views, part, **others):
        for view, arrays in extract_all(path, spec, views, part, **others):
            if view.draw == 2:
                raise KeyboardInterrupt
            yield view, arrays

    monkeypatch.setattr(module, "extract_all", failing)
    with pytest.raises(KeyboardInterrupt):
        cache.build([sample(clip)], views, workers=1)
    assert cache.file(sample(clip), views[0]).exists()
    assert not list(tmp_path.rglob(".*"))

    monkeypatch.undo()
    assert cache.build([sample(clip)], views, workers=1).samples == (sample(clip),)


def test_when_nothing_can_be_decoded_that_is_an_error(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"")
    cache = InputCache(tmp_path / "cache", tiny_spec())

    with pytest.raises(ValueError, match=r"none of the 1 videos could .*a.mp4: empty_upload: "):
        cache.build([sample(tmp_path / "a.mp4")], [View(2)], workers=1)


def test_a_full_disk_is_no_fault_of_the_video(tmp_path, clip, monkeypatch):
    def full(path, write):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "write_atomically", full)
    with pytest.raises(OSError, match="No space left"):
        InputCache(tmp_path, tiny_spec()).build([sample(clip)], [View(2)], workers=1)


@pytest.mark.parametrize("draw", [None, 1])
def test_a_part_shows_nothing_of_the_rest(tmp_path, draw):
    parts = [("red", 2), ("green", 2), ("blue", 2)]
    video = colour_clip(tmp_path / "clip.mp4", parts, tones=[(500, 6)])
    green = extract(video, tiny_spec(), View(3, draw), Clip(2.0, 4.0))["recognizer.rgb"]
    blue = extract(video, tiny_spec(), View(3, draw), Clip(4.0))["recognizer.rgb"]
    # Shorter than a segment: the picture stands still at its end.
    short = extract(video, tiny_spec(), View(2, draw), Clip(3.5, 4.0))["recognizer.rgb"]

    assert {colour_of(image) for row in green for image in row} == {"green"}
    assert {colour_of(image) for row in blue for image in row} == {"blue"}
    assert {colour_of(image) for row in short for image in row} == {"green"}


def test_the_whole_is_the_part_from_start_to_end(clip):
    whole = extract(clip, tiny_spec(), View(3))
    part = extract(clip, tiny_spec(), View(3), Clip(0.0, 2.0))

    for name, array in whole.items():
        np.testing.assert_array_equal(array, part[name])


def test_a_part_beyond_the_end_is_skipped(tmp_path, clip):
    late = sample(clip, start_seconds=7.0)
    built = InputCache(tmp_path, tiny_spec()).build([sample(clip), late], [View(2)], workers=2)

    assert built.samples == (sample(clip),)
    assert built.skipped[0].code == "undecodable_video"
    assert "begins at 7 s, and the video ends at 2 s" in built.skipped[0].reason
