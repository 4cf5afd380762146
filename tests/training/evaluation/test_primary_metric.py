import numpy as np
import pytest

from training.evaluation.primary_metric import hits_among, primary_metric, primary_metric_name

LOGITS = np.array([[3, 1, 0], [3, 2, 0], [0, 1, 5], [2, 1, 0]], dtype=np.float32)


def test_one_label_each_is_judged_by_top_1():
    labels = [(0,), (1,), (2,), (2,)]

    assert (primary_metric_name(labels), primary_metric(LOGITS, labels)) == ("top-1", 0.5)
    assert hits_among(LOGITS, labels, 2) == 0.75
    assert hits_among(LOGITS, labels, 5) == 1.0


def test_several_labels_or_none_are_judged_by_mean_average_precision():
    """Class 0: a and b are equal; class 1: b is before the others, which are equal; 2: c first."""
    labels = [(0, 1), (1,), (2,), ()]

    assert primary_metric_name(labels) == "mAP"
    assert primary_metric(LOGITS, labels) == pytest.approx((1 / 2 + (1 + 2 / 4) / 2 + 1) / 3)
    assert hits_among(LOGITS, labels, 1) == 0.5
