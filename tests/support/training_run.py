"""A training run small enough for tests: a handful of generated clips and the tiny networks."""

from tests.support.models import tiny_spec
from tests.support.moving_clip import moving_clip

RUN = """
name = "tiny"
preset = "spec.json"
output = "{output}"
[data]
manifest = "manifest.csv"
cache = "cache"
train_views = 2
[unimodal.rgb]
epochs = 3
batch_videos = 3
weights = "random"
[unimodal.audio]
epochs = 3
batch_videos = 2
weights = "random"
mask_times = 20
[unimodal.flow]
epochs = 3
batch_videos = 3
weights = "random"
frozen_stages = 2
calibrates_norm = true
[joint]
warmup_epochs = 2
alternating_epochs = 4
finetune_epochs = 2
batch_videos = 3
policy_weights = "random"
"""


def prepare_run(folder, *, videos_per_label=3):
    """Clips, their manifest and the spec: all that `write_config`'s files refer to."""
    rows = ["path,label,split"]
    for label, size in (("wide", "96x48"), ("tall", "48x96")):
        for number in range(videos_per_label + 2):
            name = f"{label}_{number}.mp4"
            sound = not (label == "wide" and number == 0)
            moving_clip(folder / name, seconds=1.2 + number / 10, size=size, sound=sound)
            split = ("val", "test", "train")[min(number, 2)]
            rows.append(f"{name},{label},{split}")
    (folder / "manifest.csv").write_text("\n".join(rows))
    (folder / "spec.json").write_text(tiny_spec().model_dump_json())


def write_config(folder, name, text=RUN):
    """The path of a TOML file of a run whose output is the folder `name`."""
    path = folder / f"{name}.toml"
    path.write_text(text.format(output=name))
    return path
