import pytest

from training.synth.selection import selection_agreement
from training.synth.truth import ClipTruth, Stretch, read_truth, segment_truth, write_truth


def stretch(start, end, *names):
    return Stretch(start_seconds=start, end_seconds=end, modalities=names)


TRUTH = ClipTruth(
    path="clips/a.mp4",
    label="class0",
    segments=(stretch(0, 1, "rgb"), stretch(1, 2), stretch(2, 3, "rgb", "audio"), stretch(3, 4)),
)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0.0, 1.0, {"rgb"}),
        (1.0, 2.0, set()),
        (2.0, 3.0, {"rgb", "audio"}),
        (0.5, 1.5, {"rgb"}),
        (0.6, 1.6, set()),
        # Both stretches of rgb count together: 0.4 + 0.2 of 1.6.
        (0.6, 2.2, set()),
        (0.4, 2.4, {"rgb"}),
        (3.5, 9.0, set()),
    ],
)
def test_a_segment_is_informative_where_half_of_it_is(start, end, expected):
    assert segment_truth(TRUTH, start, end) == expected


def test_the_share_that_counts_can_be_chosen():
    assert segment_truth(TRUTH, 0.9, 1.9, min_share=0.1) == {"rgb"}
    assert segment_truth(TRUTH, 0.4, 1.4, min_share=0.9) == set()
    with pytest.raises(ValueError, match="from 1 to 1 s is empty"):
        segment_truth(TRUTH, 1, 1)


def test_what_is_written_is_read(tmp_path):
    write_truth(tmp_path / "truth.jsonl", [TRUTH])

    assert read_truth(tmp_path / "truth.jsonl") == {"clips/a.mp4": TRUTH}


def test_a_wrong_line_is_named(tmp_path):
    (tmp_path / "truth.jsonl").write_text(TRUTH.model_dump_json() + '\n{"path": "b.mp4"}\n')

    with pytest.raises(ValueError, match=r"truth.jsonl:2: no ground truth of a clip"):
        read_truth(tmp_path / "truth.jsonl")


def test_agreement_by_modality():
    selected = [{"rgb"}, {"rgb", "flow"}, set(), {"audio"}, {"rgb"}]
    informative = [{"rgb"}, {"rgb"}, {"rgb"}, {"audio"}, set()]
    found = selection_agreement(("rgb", "audio", "flow"), selected, informative)

    assert (found["rgb"].recall, found["rgb"].specificity) == (2 / 3, 1 / 2)
    assert found["rgb"].balanced_accuracy == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found["audio"].balanced_accuracy == 1.0
    # It never informs: what counts is how often it is dropped.
    assert found["flow"].recall is None
    assert found["flow"].balanced_accuracy == pytest.approx(4 / 5)


def test_agreement_needs_as_many_of_one_as_of_the_other():
    with pytest.raises(ValueError, match="no segments"):
        selection_agreement(("rgb",), [], [])
    with pytest.raises(ValueError, match=r"argument 2 is longer"):
        selection_agreement(("rgb",), [set()], [set(), set()])
