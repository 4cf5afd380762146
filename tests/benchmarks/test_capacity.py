"""What a core does is measured on real workers; what a fleet does follows from durations."""

import pytest

from benchmarks.capacity import per_core
from benchmarks.capacity.comparison import Durations
from benchmarks.capacity.page import wanted_table
from model.inference.classification import ClassifyOptions
from tests.support.moving_clip import moving_clip


@pytest.fixture
def clips(tmp_path):
    clip = moving_clip(tmp_path / "clip.mp4", seconds=2)
    links = [tmp_path / f"{number}.mp4" for number in range(8)]
    for link in links:
        link.hardlink_to(clip)
    return links


def test_a_core_does_more_where_less_is_computed(clips, monkeypatch):
    ways = {"dense": ClassifyOptions(policy="all"), "one": ClassifyOptions(segments=1)}
    monkeypatch.setattr(per_core, "WAYS", ways)
    monkeypatch.setattr(per_core, "num_cores", lambda: 1)
    dense, one = per_core.per_core(clips)

    assert dense.gflops > one.gflops
    assert dense.video_seconds == pytest.approx(2, abs=0.1)
    assert 0 < one.processor_seconds < 5
    assert one.videos_per_hour == pytest.approx(3600 / one.processor_seconds)
    # A model and Python, and not those of all workers.
    assert 50e6 < one.worker_bytes < 2e9


def test_a_video_without_an_answer_is_no_measurement(clips):
    clips[0].unlink()
    clips[0].write_bytes(b"no video")
    with pytest.raises(ValueError, match=r"0\.mp4"):
        per_core.per_core(clips)


def test_beyond_what_was_measured_no_more_is_done_in_all():
    durations = Durations((0.2,), {1: 1.0, 2: 0.6})

    assert durations.speed(2) == 0.6
    assert durations.speed(4) == pytest.approx(0.3)
    assert durations.capacity(2) == pytest.approx(2 * 0.6 / 0.2)


def test_ten_times_the_load_wants_less_than_ten_times_the_replicas():
    durations = Durations((0.1, 0.2, 0.4), {1: 1.0, 2: 0.6})
    table = wanted_table(durations, [10_000, 100_000])
    few, many = (int(line.split("|")[2]) for line in table.splitlines()[-2:])

    assert 1 < few < many < 10 * few
