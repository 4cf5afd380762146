"""The joint stages cut in the middle of an epoch and continued: end to end, in mixed precision."""

import pytest
import torch

from model.networks.adamml import AdaMML
from tests.support.models import tiny_spec
from tests.support.raw_features import raw_features
from training.configuration.recipe import JointConfig
from training.joint.trainer import JointTrainer
from training.run.checkpointing import StageFile
from training.run.engine import Engine
from training.run.hardware import Hardware
from training.run.run_log import RunLog

CONFIG = JointConfig(
    warmup_epochs=1,
    alternating_epochs=1,
    finetune_epochs=1,
    batch_videos=2,
    end_to_end=True,
    norm="trained",
    clip_gradient=5.0,
)


class CutError(Exception):
    """The power fails."""


class CuttingLog(RunLog):
    """Fails at its `last` step."""

    def __init__(self, last):
        super().__init__(None)
        self.left = last

    def step(self, where, **values):
        self.left -= 1
        if not self.left:
            raise CutError


def run(path, log):
    torch.manual_seed(0)
    model = AdaMML(tiny_spec())
    data = raw_features(model).select(torch.arange(4))
    generator = torch.Generator().manual_seed(0)
    engine = Engine(hardware=Hardware(dtype=torch.bfloat16), log=log)
    trainer = JointTrainer(model, CONFIG, generator=generator, engine=engine)
    trainer.train(data, data, file=StageFile(path, {}))
    return model.state_dict()


def test_cut_twice_and_continued_it_ends_with_the_same_weights(tmp_path):
    whole = run(tmp_path / "whole.pt", RunLog(None))

    # Two batches a pass: in the second epoch, and then, from its beginning, in the third.
    for last in (4, 5):
        with pytest.raises(CutError):
            run(tmp_path / "cut.pt", CuttingLog(last))
    continued = run(tmp_path / "cut.pt", RunLog(None))

    assert [name for name in whole if not torch.equal(whole[name], continued[name])] == []
