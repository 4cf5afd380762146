import os

import pytest

from training.synth.generate import generate
from training.synth.plan import plan_clips
from training.synth.settings import SynthSettings

# Every clip has its label in all three modalities, each in two slots of five.
SETTINGS = SynthSettings(clips_per_class=3, carriers=3)


@pytest.fixture(scope="session")
def data_set(tmp_path_factory):
    """(folder, plans) of twelve clips, made once for all workers."""
    from filelock import FileLock

    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "synth"
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "manifest.csv").exists():
            generate(folder, SETTINGS, workers=2)
    return folder, plan_clips(SETTINGS)
