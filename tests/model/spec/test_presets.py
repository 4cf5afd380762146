import pytest

from model.spec.presets import PRESETS, paper_modality, preset

LABELS = ("a", "b", "c")


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_named_after_itself_and_takes_the_labels(name):
    spec = preset(name, LABELS)

    assert spec.name == name
    assert spec.labels == LABELS
    assert (spec.train_segments, spec.eval_segments) == (5, 10)


@pytest.mark.parametrize(
    ("name", "modalities", "proxies"),
    [
        ("rgb-audio", ("rgb", "audio"), ("rgb", "audio")),
        ("rgb-flow", ("rgb", "flow"), ("rgb", "rgb_diff")),
        ("rgb-flow-by-flow", ("rgb", "flow"), ("rgb", "flow")),
        ("rgb-audio-flow", ("rgb", "audio", "flow"), ("rgb", "audio", "rgb_diff")),
        ("rgb-audio-flow-by-flow", ("rgb", "audio", "flow"), ("rgb", "audio", "flow")),
        ("compact", ("rgb", "audio", "flow"), ("rgb", "audio", "rgb_diff")),
    ],
)
def test_modalities_are_in_the_published_order(name, modalities, proxies):
    spec = preset(name, LABELS)

    assert spec.modality_names == modalities
    assert tuple(modality.proxy for modality in spec.modalities) == proxies


def test_the_papers_sizes():
    rgb, audio = preset("rgb-audio", LABELS).modalities

    assert (rgb.recognizer.frames, rgb.recognizer.resolution) == (8, 224)
    assert rgb.recognizer.temporal_pool_after == (1, 2, 3)
    assert (rgb.policy.frames, rgb.policy.resolution) == (4, 160)
    assert rgb.policy.temporal_pool_after == (3, 5)
    assert audio.recognizer == audio.policy


def test_resolution_is_that_of_images():
    assert paper_modality("rgb", "rgb", "resnet18", resolution=112).recognizer.resolution == 112
    assert paper_modality("audio", "audio", "resnet18").recognizer.resolution == 256


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="no preset is called 'rgb'; there are rgb-audio, "):
        preset("rgb", LABELS)
