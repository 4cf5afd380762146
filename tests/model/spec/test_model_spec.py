"""Specs refuse nonsense by name, never change, and survive their own JSON."""

import json

import pytest
from pydantic import ValidationError

from model.spec.input_spec import AudioSpec, InputSpec, Normalization
from model.spec.model_spec import ModalitySpec, ModelSpec, NetworkSpec, PolicySpec
from model.spec.presets import PRESETS, preset
from model.spec.spec_json import SpecError, parse_spec

NETWORK = {"backbone": "resnet18", "frames": 8, "resolution": 64}
SPEC = preset("rgb-audio", ("a", "b"))


def network(**changes):
    return NetworkSpec(**NETWORK | changes)


def changed(**changes):
    return json.dumps(json.loads(SPEC.model_dump_json()) | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backbone": "vgg16"}, "backbone"),
        ({"frames": 0}, "greater than or equal to 1"),
        ({"width": 0}, "greater than 0"),
        ({"width": float("nan")}, "finite"),
        ({"resolution": 16}, "greater than or equal to 32"),
        ({"dropout": 1.0}, "less than 1"),
        ({"num_stages": 5}, "num_stages is 5; resnet18 has 1 to 4"),
        ({"num_stages": 0}, "num_stages is 0; resnet18 has 1 to 4"),
        ({"temporal_pool_after": (2, 1)}, "increasing stages from 1 to 4"),
        ({"temporal_pool_after": (2, 2)}, "increasing stages"),
        ({"temporal_pool_after": (5,)}, "increasing stages"),
        ({"temporal_pool_after": (3,), "num_stages": 2}, "increasing stages from 1 to 2"),
        ({"depth": 3}, "Extra inputs"),
    ],
)
def test_networks_that_cannot_be_built_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        network(**changes)


def test_a_proxy_must_suit_its_modality():
    with pytest.raises(ValidationError, match="proxy of rgb is 'flow'; allowed"):
        ModalitySpec(name="rgb", recognizer=network(), proxy="flow", policy=network())


def test_a_network_that_hears_is_given_no_images():
    hears = NetworkSpec(backbone="yamnet", frames=1, resolution=None)
    sees = NetworkSpec(backbone="mobilenet_v2", frames=1, resolution=64)

    with pytest.raises(ValidationError, match="yamnet hears sound; it is set for rgb"):
        ModalitySpec(name="rgb", recognizer=sees, proxy="rgb", policy=hears)


def test_audio_is_one_spectrogram():
    with pytest.raises(ValidationError, match="audio networks see one spectrogram"):
        ModalitySpec(name="audio", recognizer=network(), proxy="audio", policy=network())


def test_feeding_back_logits_needs_a_memory():
    with pytest.raises(ValidationError, match="without an LSTM"):
        PolicySpec(lstm_width=None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ("a", "a")}, "labels repeat"),
        ({"labels": ("a",)}, "at least 2"),
        ({"labels": ("a", "")}, "at least 1 character"),
        ({"modalities": ()}, "at least 1"),
        ({"modalities": SPEC.modalities * 2}, "modalities repeat"),
        ({"inputs": InputSpec(frames=4)}, "sees 8 frames; that must divide the segment's 4"),
        ({"name": "../../etc"}, "pattern"),
        ({"threshold": 1.5}, "less than or equal to 1"),
    ],
)
def test_models_that_contradict_themselves_are_refused(changes, message):
    fields = {"name": "x", "labels": ("a", "b"), "modalities": SPEC.modalities}
    with pytest.raises(ValidationError, match=message):
        ModelSpec(**fields | changes)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Normalization(mean=(0.5,), std=(0.0,)), "std <= 0"),
        (lambda: Normalization(mean=(0.5, 0.5), std=(1.0,)), "do not pair up"),
        (lambda: AudioSpec(win_length=600), "exceeds n_fft 511"),
        (lambda: InputSpec(frames=5), "must divide span_frames 32"),
        (lambda: InputSpec(crop=300), "exceeds short_side 256"),
        (
            lambda: InputSpec(rgb_normalization=Normalization(mean=(0.0, 0.0), std=(1.0, 1.0))),
            "2 normalisation constants do not repeat over the 3 channels of rgb",
        ),
    ],
)
def test_inputs_that_cannot_be_made_are_refused(make, message):
    with pytest.raises(ValidationError, match=message):
        make()


def test_a_spec_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        SPEC.threshold = 0.9


@pytest.mark.parametrize("name", PRESETS)
def test_json_round_trip(name):
    spec = preset(name, ("a", "b"))

    assert parse_spec(spec.model_dump_json()) == spec


def test_points_of_a_curve_from_before_they_had_segments_are_read():
    spec = parse_spec(changed(curve=[{"threshold": 0.5, "accuracy": 0.9, "gflops": 1.5}]))

    assert spec.curve[0].segments is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "format_version is None; this program reads 1"),
        (changed(format_version=2), "format_version is 2; this program reads 1"),
        (changed(sparkle=1), "sparkle: Extra inputs"),
        (changed(labels=["a"]), "labels: .*at least 2"),
    ],
)
def test_json_that_is_not_understood_is_refused_with_a_reason(text, message):
    with pytest.raises(SpecError, match=message):
        parse_spec(text)


def test_costs_are_asked_for_by_name():
    with pytest.raises(ValueError, match="'rgb-audio' has no cost table"):
        SPEC.require_costs()
