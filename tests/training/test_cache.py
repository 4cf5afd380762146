import os
import shutil

from model.presets import preset
from training.cache import InputCache
from training.manifest import Sample
from training.views import View


def sample(path):
    return Sample(path=path, labels=("a",), split="train", group="g")


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


def test_views_and_specs_have_keys_of_their_own(tmp_path):
    video = tmp_path / "clip.mp4"
    video.write_bytes(b"first")
    specs = [preset(name, ["a", "b"]) for name in ("compact", "rgb-audio")]
    views = [View(5), View(10), View(5, 0), View(5, 1)]
    files = {InputCache(tmp_path, s).file(sample(video), v) for s in specs for v in views}
    assert len(files) == 8
