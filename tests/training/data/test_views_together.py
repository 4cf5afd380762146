"""Views from one pass over a video are what each is by itself, to the last bit."""

import numpy as np
import pytest

from model.common.errors import ClassificationError
from model.inputs import flow_fields
from tests.support.clips import colour_clip, ffmpeg
from tests.support.models import tiny_spec
from tests.support.moving_clip import moving_clip
from training.data.clip import Clip
from training.data.views import WHOLE, View, extract, extract_all

VIEWS = [View(3, 0), View(3, 1), View(1), View(2), View(5)]
SPEC = tiny_spec()


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    whole = moving_clip(folder / "whole.mp4", seconds=6, size="96x64")
    ffmpeg("-i", whole, "-c", "copy", "-movflags", "frag_keyframe", folder / "fragments.mp4")
    content = (folder / "fragments.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(content[: len(content) * 2 // 3])
    moving_clip(folder / "silent.mp4", seconds=2, size="64x96", sound=False)
    ffmpeg("-i", whole, "-r", "7", "-c:v", "mpeg4", folder / "slow.avi")
    return folder


@pytest.mark.parametrize(
    ("name", "clip"),
    [
        ("whole.mp4", WHOLE),
        ("whole.mp4", Clip(1.0, 4.5)),
        ("cut.mp4", WHOLE),
        ("silent.mp4", WHOLE),
        ("slow.avi", WHOLE),
    ],
)
def test_each_is_what_it_is_alone(clips, name, clip):
    together = dict(extract_all(clips / name, SPEC, VIEWS, clip))

    assert list(together) == VIEWS
    for view, arrays in together.items():
        alone = extract(clips / name, SPEC, view, clip)
        assert arrays.keys() == alone.keys()
        for stream, array in arrays.items():
            np.testing.assert_array_equal(array, alone[stream], err_msg=f"{view} {stream}")


def test_flow_that_several_views_see_is_computed_once(clips, monkeypatch):
    computed = []
    compute = flow_fields.compute_flow

    def counting(first, second, spec):
        computed.append(1)
        return compute(first, second, spec)

    monkeypatch.setattr(flow_fields, "compute_flow", counting)
    list(extract_all(clips / "whole.mp4", SPEC, [View(3), View(3)]))
    both = len(computed)
    extract(clips / "whole.mp4", SPEC, View(3))

    assert both == len(computed) - both > 0


def test_what_cannot_be_decoded_is_told(tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(colour_clip(tmp_path / "clip.mp4", [("red", 1)]).read_bytes()[:200])

    with pytest.raises(ClassificationError):
        list(extract_all(broken, SPEC, VIEWS))
