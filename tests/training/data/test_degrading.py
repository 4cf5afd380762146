import numpy as np
import pytest

from tests.support.models import tiny_spec
from tests.support.yamnet import hearing_spec
from training.data.degrading import (
    LOST_SHARE,
    MIXED_SHARE,
    STILL,
    WAYS,
    Degrading,
    degrade_pictures,
    degrade_sounds,
    draw_degrading,
)


def change(**fields):
    whole = {"lost": (1,), "way": "dark", "light": 0.1, "pixels": 4, "colour": (10, 20, 30)}
    sound = {"mixed": (0, 0), "level_db": 0.0, "gain_db": 0.0, "seed": 3}
    return Degrading(**{**whole, **sound, **fields})


def checkerboard(channels=3):
    squares = np.indices((32, 32)).sum(axis=0) % 2 * 200 + 20
    return np.broadcast_to(squares[None, None, :, :, None], (3, 2, 32, 32, channels)).astype("u1")


def drawn(count=2000, segments=5):
    return [draw_degrading(segments, np.random.default_rng(n)) for n in range(count)]


def test_the_picture_is_never_lost_in_every_segment():
    changes = drawn()

    assert {len(one.lost) for one in changes} == {0, 1, 2, 3, 4}
    assert np.mean([bool(one.lost) for one in changes]) == pytest.approx(LOST_SHARE, abs=0.04)
    assert {one.way for one in changes} == set(WAYS)


def test_sound_is_mixed_into_neighbouring_segments_of_some_views():
    lengths = [one.mixed[1] - one.mixed[0] for one in drawn()]

    assert set(lengths) == {0, 1, 2, 3, 4, 5}
    assert np.mean(np.array(lengths) > 0) == pytest.approx(MIXED_SHARE, abs=0.04)


def test_a_video_of_one_segment_keeps_its_picture():
    assert all(one.lost == () for one in drawn(200, segments=1))


@pytest.mark.parametrize("way", WAYS)
def test_only_the_lost_segments_are_lost(way):
    images = checkerboard()

    lost = degrade_pictures(images, change(way=way), is_motion=False)

    assert lost.dtype == np.uint8
    assert np.array_equal(lost[[0, 2]], images[[0, 2]])
    assert lost[1].astype(float).std(axis=(1, 2)).max() < 0.2 * images[1].astype(float).std()


def test_the_dark_keeps_its_share_of_the_light():
    dark = degrade_pictures(checkerboard(), change(light=0.5), is_motion=False)

    assert dark[1].mean() == pytest.approx(0.5 * checkerboard().mean(), abs=1)


def test_a_cover_has_one_colour():
    covered = degrade_pictures(checkerboard(), change(way="cover"), is_motion=False)

    assert (covered[1] == [10, 20, 30]).all()


@pytest.mark.parametrize("way", ["dark", "cover"])
def test_what_cannot_be_seen_does_not_move(way):
    flow = degrade_pictures(checkerboard(channels=10), change(way=way), is_motion=True)

    assert (flow[1] == STILL).all()
    assert not (flow[0] == STILL).any()


@pytest.mark.parametrize("spec", [hearing_spec(), tiny_spec()], ids=["mel", "power"])
def test_other_sound_is_added_at_its_level(spec):
    audio = spec.inputs.audio
    shape = (3, *audio.shape)
    own, other = np.zeros(shape, dtype=np.float16), np.full(shape, 2.0, dtype=np.float16)

    mixed = degrade_sounds(own, other, change(mixed=(1, 2), level_db=-6.0), audio)

    added = 10 ** (-6 / (20 if audio.mel else 10))
    assert mixed.dtype == np.float32
    np.testing.assert_allclose(mixed[[0, 2]], 0.0, atol=1e-6)
    np.testing.assert_allclose(mixed[1], np.log(1 + added * (1 - audio.log_epsilon)), atol=1e-3)


def test_louder_is_louder_and_silence_stays_silence():
    audio = hearing_spec().inputs.audio
    quiet = np.full((2, *audio.shape), np.log(audio.log_epsilon))

    louder = degrade_sounds(np.zeros_like(quiet), quiet, change(gain_db=20.0), audio)
    silent = degrade_sounds(quiet, np.zeros_like(quiet), change(mixed=(0, 2)), audio)

    np.testing.assert_allclose(louder, np.log(10), atol=0.01)
    np.testing.assert_allclose(silent, quiet, atol=1e-6)
