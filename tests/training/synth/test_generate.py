import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from training.data.sources.manifest import read_manifest
from training.synth.generate import generate
from training.synth.picture import BORDER, class_colour, class_direction, render_frames
from training.synth.plan import plan_clips
from training.synth.settings import SynthSettings
from training.synth.sound import class_band, render_sound
from training.synth.truth import read_truth

SMALL = SynthSettings(classes=2, clips_per_class=3, modalities=("rgb",), seconds=1.28)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_gives_the_same_files_and_a_cut_run_goes_on(tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    generate(whole, SMALL, workers=2)
    generate(cut, SMALL, workers=1)
    kept = cut / "clips/class0/class0_0000.mp4"
    kept_at = kept.stat().st_mtime_ns
    for name in ("clips/class1/class1_0001.mp4", "manifest.csv", "truth.jsonl"):
        (cut / name).unlink()
    generate(cut, SMALL, workers=2)

    assert len(contents(whole)) == 6 + 3
    assert contents(cut) == contents(whole)
    assert kept.stat().st_mtime_ns == kept_at


def test_another_seed_gives_other_clips():
    first, other = (
        render_frames(plan_clips(settings)[0], settings)
        for settings in (SMALL, SMALL.model_copy(update={"seed": 1}))
    )

    assert (first != other).mean() > 0.1


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty"):
        generate(tmp_path, SMALL, workers=1)
    (tmp_path / "notes.txt").unlink()
    (tmp_path / "synth.json").write_text(SynthSettings().model_dump_json())
    with pytest.raises(ValueError, match=r"holds a data set of other settings, see .*synth.json"):
        generate(tmp_path, SMALL, workers=1)


def test_manifest_and_truth_name_the_same_clips(data_set):
    folder, plans = data_set
    manifest = read_manifest(folder / "manifest.csv")
    truths = read_truth(folder / "truth.jsonl")

    assert [str(s.path.relative_to(folder)) for s in manifest.samples] == list(truths)
    assert [s.label for s in manifest.samples] == [truth.label for truth in truths.values()]
    assert all(s.path.exists() and s.has_audio for s in manifest.samples)
    assert len({s.group for s in manifest.samples}) == len(plans)
    for truth in truths.values():
        assert truth.segments[0].start_seconds == 0
        assert truth.segments[-1].end_seconds == 6.4


def test_every_split_has_every_class_in_every_modality():
    plans = plan_clips(SynthSettings(classes=3, clips_per_class=15))
    counts = Counter(
        (plan.split, plan.label, next(iter(frozenset.union(*plan.slots)))) for plan in plans
    )

    assert len(counts) == 3 * 3 * 3
    assert {count for (split, *_), count in counts.items() if split == "train"} == {3}
    assert {count for (split, *_), count in counts.items() if split != "train"} == {1}


def test_the_share_of_informative_slots():
    for plan in plan_clips(SynthSettings(clips_per_class=9)):
        assert sum(bool(names) for names in plan.slots) == 2
        assert len(frozenset.union(*plan.slots)) == 1


def test_what_never_informs_is_never_in_the_truth_and_shows_nothing():
    settings = SynthSettings(clips_per_class=6, never=("flow",))
    plans = plan_clips(settings)
    lit = np.concatenate([render_frames(plan, settings)[:, : BORDER // 2] for plan in plans[:6]])

    assert {name for plan in plans for names in plan.slots for name in names} == {"rgb", "audio"}
    assert lit[..., 0].max() > 0
    assert lit[..., 1].max() > 0
    assert lit[..., 2].max() == 0


def test_without_cues_the_border_is_black_and_only_the_classes_sound():
    settings = SynthSettings(clips_per_class=3, modalities=("rgb", "audio"), carriers=2, cues=False)
    plan = plan_clips(settings)[0]
    with_cues = settings.model_copy(update={"cues": True})

    assert render_frames(plan, settings)[:, :BORDER].max() == 0
    assert render_frames(plan, with_cues)[:, :BORDER].max() > 0
    assert (render_sound(plan, settings) != render_sound(plan, with_cues)).any()


def test_classes_differ_in_colour_but_not_in_brightness():
    colours = np.array([class_colour(index, 8) for index in range(8)])

    np.testing.assert_allclose(colours @ [0.299, 0.587, 0.114], 128, atol=0.2)
    assert colours.min() > 0
    assert colours.max() < 255
    gaps = np.linalg.norm(colours[:, np.newaxis] - colours, axis=-1) + 1e3 * np.eye(8)
    assert gaps.min() > 40


def test_a_mirrored_clip_keeps_its_direction():
    directions = np.array([class_direction(index, 8) for index in range(8)])

    assert (directions[:, 0] > -1e-9).all()
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1)


def test_bands_of_the_classes_are_apart():
    bands = [class_band(index, 8) for index in range(8)]

    assert all(low < high for low, high in bands)
    assert all(one[1] < next_one[0] for one, next_one in pairwise(bands))
    assert bands[-1][1] < 8000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": 1}, "greater than or equal to 2"),
        ({"modalities": ("rgb", "rgb")}, "modalities repeat"),
        ({"modalities": ("rgb", "smell")}, "'rgb', 'flow' or 'audio'"),
        ({"modalities": ("rgb",), "never": ("flow",)}, r"allowed are the modalities \('rgb',\)"),
        ({"modalities": ("rgb",), "never": ("rgb",)}, r"carriers is 1; informative are only \(\)"),
        ({"carriers": 3, "never": ("flow",)}, r"carriers is 3; informative are only \('rgb', "),
        ({"clips_per_class": 8}, "clips_per_class is 8; at least 9 are needed"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        SynthSettings(**changes)


def test_settings_are_kept_beside_the_clips(data_set):
    folder, _ = data_set

    assert json.loads((folder / "synth.json").read_text())["carriers"] == 3
