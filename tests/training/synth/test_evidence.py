"""The clips show what the truth says, as decoded by the inputs' own code: no network needed."""

import numpy as np
import pytest

from model.spec.input_spec import AudioSpec
from tests.support.models import tiny_spec
from training.data.views import View, extract
from training.synth.picture import BORDER, LAMPS, SIDE, class_colour, class_direction
from training.synth.settings import SLOT_SECONDS
from training.synth.sound import PILOT_HERTZ, class_band
from training.synth.truth import read_truth, segment_truth

CLASSES, SLOTS = 4, 5
FLOW_BOUND = 20.0


@pytest.fixture(scope="module")
def segments(data_set):
    """(class, informative modalities, inputs by stream) of every segment; they are the slots."""
    folder, plans = data_set
    truths = read_truth(folder / "truth.jsonl")
    found = []
    for plan in plans:
        arrays = extract(folder / plan.name, tiny_spec(), View(SLOTS))
        for row in range(SLOTS):
            begin = row * SLOT_SECONDS
            informative = segment_truth(truths[plan.name], begin, begin + SLOT_SECONDS)
            inputs = {stream: array[row] for stream, array in arrays.items()}
            found.append((plan.class_index, informative, inputs))
    return found


def inner(images):
    """Without the border, of crops of 8/9 of the side."""
    crop = images.shape[-2]
    scale = crop * 9 / 8 / SIDE
    edge = int(np.ceil(BORDER * scale - crop / 16)) + 1
    return images[..., edge:-edge, edge:-edge, :].astype(np.float64)


def chroma(colour):
    red, green, blue = np.moveaxis(np.asarray(colour, dtype=np.float64), -1, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return np.stack([0.564 * (blue - luma), 0.713 * (red - luma)], axis=-1)


def rgb_evidence(inputs):
    """Which class's colour, or None where everything is grey."""
    found = chroma(inner(inputs["recognizer.rgb"]).mean(axis=(0, 1, 2)))
    if np.linalg.norm(found) < 2:
        return None
    colours = [chroma(class_colour(index, CLASSES)) for index in range(CLASSES)]
    return int(np.argmax([found @ colour for colour in colours]))


def flow_evidence(inputs):
    """Which class's direction, mirrored or not, or None where there is none on average."""
    pixels = (inner(inputs["recognizer.flow"]) / 255 * 2 - 1) * FLOW_BOUND
    x, y = pixels.reshape(-1, 5, 2).mean(axis=(0, 1))
    if np.hypot(x, y) < 0.6:
        return None
    directions = [class_direction(index, CLASSES) for index in range(CLASSES)]
    return int(np.argmax([abs(x) * right + y * down for right, down in directions]))


def audio_evidence(inputs):
    """In which class's band there is more than noise, or None."""
    power = np.exp(inputs["recognizer.audio"].astype(np.float64)).mean(axis=1)
    bands = [class_band(index, CLASSES) for index in range(CLASSES)]
    strength = [power[slice(*map(frequency_row, band))].max() for band in bands]
    return int(np.argmax(strength)) if max(strength) > 1 else None


def frequency_row(hertz):
    return round(hertz / AudioSpec().sample_rate * AudioSpec().n_fft)


@pytest.mark.parametrize(
    ("modality", "evidence"),
    [("rgb", rgb_evidence), ("flow", flow_evidence), ("audio", audio_evidence)],
)
def test_a_modality_shows_the_class_where_the_truth_says_so_and_nowhere_else(
    segments, modality, evidence
):
    expected = [label if modality in names else None for label, names, _ in segments]

    assert [evidence(inputs) for _, _, inputs in segments] == expected
    assert sum(label is not None for label in expected) == 2 * 12


def test_the_border_tells_the_policy_where_to_look(segments):
    for _, informative, inputs in segments:
        corner = inputs["policy.rgb"][:, :2, :2].mean(axis=(0, 1, 2))
        assert {name for name, level in zip(LAMPS, corner, strict=True) if level > 90} == (
            informative
        )


def test_so_do_the_differences_by_which_flow_is_judged(segments):
    """A steady border would be invisible to them."""
    for _, informative, inputs in segments:
        corner = inputs["policy.flow"][:, :2, :2].astype(np.float64) - 127
        flicker = np.abs(corner).reshape(-1, 5, 3).mean(axis=(0, 1))
        assert {name for name, level in zip(LAMPS, flicker, strict=True) if level > 3} == (
            informative
        )


def test_so_do_the_pilot_tones(segments):
    for _, informative, inputs in segments:
        levels = inputs["policy.audio"].astype(np.float64).mean(axis=1)
        rows = {name: frequency_row(hertz) for name, hertz in PILOT_HERTZ.items()}
        heard = {
            name
            for name, row in rows.items()
            if levels[row - 1 : row + 2].max() > levels[row - 12 : row - 6].mean() + 1
        }
        assert heard == informative


def test_the_cues_do_not_tell_the_class(segments):
    """The border's colour is that of the modalities alone, for every class alike."""
    by_class = {label: [] for label in range(CLASSES)}
    for label, informative, inputs in segments:
        if informative == {"rgb"}:
            by_class[label].append(inputs["policy.rgb"][:, :2, :2].mean(axis=(0, 1, 2)))
    means = np.array([np.mean(colours, axis=0) for colours in by_class.values() if colours])

    assert len(means) >= 2
    assert np.ptp(means, axis=0).max() < 40
