"""The truth of segments: sound where an event is heard, else the picture where it is there."""

from training.data.sources.sample import Sample
from training.experiment.segment_truth import informative

TRUTH = """path,picture0,picture1,sound0,sound1
event.mp4,ok,ok,own,event
scene.mp4,dark,ok,distractor,own
"""


def samples(folder):
    return [
        Sample(path=folder / name, labels=("x",), split="test", group="g")
        for name in ("scene.mp4", "event.mp4")
    ]


def test_a_heard_event_outranks_the_picture(tmp_path):
    (tmp_path / "segments.csv").write_text(TRUTH)
    found = informative(tmp_path / "manifest.csv", samples(tmp_path), ("rgb", "audio"), 2)

    assert found.tolist() == [
        [[False, False], [True, False]],
        [[False, False], [False, True]],
    ]


def test_nothing_is_known_without_the_file_or_of_other_segments(tmp_path):
    some, names = samples(tmp_path), ("rgb", "audio")

    assert informative(tmp_path / "manifest.csv", some, names, 2) is None
    (tmp_path / "segments.csv").write_text(TRUTH)
    assert informative(tmp_path / "manifest.csv", some, names, 3) is None
