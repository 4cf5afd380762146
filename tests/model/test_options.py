import math

import pytest

from model.classification import ClassifyOptions
from model.errors import InvalidParameterError
from model.options import resolve
from model.presets import preset

SPEC = preset("rgb-audio-flow", ("a", "b", "c"))


def test_defaults_come_from_the_spec():
    resolved = resolve(ClassifyOptions(), SPEC)

    assert (resolved.segments, resolved.threshold) == (10, 0.5)
    assert resolved.allowed == (True, True, True)


def test_allowed_follows_the_order_of_the_spec():
    resolved = resolve(ClassifyOptions(modalities=frozenset({"flow", "rgb"})), SPEC)

    assert resolved.allowed == tuple(name != "audio" for name in SPEC.modality_names)


def test_top_k_is_at_most_the_number_of_labels():
    assert resolve(ClassifyOptions(top_k=50), SPEC).top_k == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ClassifyOptions(policy="some"), "policy is 'some'; allowed: adaptive or all"),
        (ClassifyOptions(segments=0), "segments is 0; allowed: 1 to 64"),
        (ClassifyOptions(segments=65), "segments is 65; allowed: 1 to 64"),
        (ClassifyOptions(threshold=1.5), "threshold is 1.5; allowed: 0 to 1"),
        (ClassifyOptions(threshold=math.nan), "threshold is nan; allowed: 0 to 1"),
        (ClassifyOptions(top_k=0), "top_k is 0; allowed: 1 to 100"),
        (ClassifyOptions(max_gflops=0.0), "max_gflops is 0.0; allowed: a finite number above 0"),
        (ClassifyOptions(max_gflops=math.inf), "max_gflops is inf; allowed: a finite"),
        (ClassifyOptions(modalities=frozenset()), r"modalities is \[\]; allowed: any of"),
        (ClassifyOptions(modalities=frozenset({"smell"})), r"modalities is \['smell'\]; allowed"),
    ],
)
def test_out_of_range_is_refused_with_what_is_allowed(options, message):
    with pytest.raises(InvalidParameterError, match=message):
        resolve(options, SPEC)
