"""A run whose sound begins with YAMNet's weights."""

import numpy as np
import torch

from model.files.checkpoint import load_model
from tests.support.yamnet import generated_variables, hearing_spec, yamnet_file
from training.configuration.config import read_config
from training.train import train

RUN = """
name = "hearing"
preset = "spec.json"
output = "run"
tensorboard = false
[model]
modalities = ["audio"]
[data]
manifest = "{folder}/manifest.csv"
cache = "cache"
train_views = 1
[unimodal.audio]
epochs = 1
weights = "yamnet.npz"
frozen_stages = 4
[joint]
warmup_epochs = 0
alternating_epochs = 1
finetune_epochs = 0
"""


def test_both_networks_begin_with_the_file(run_folder, tmp_path):
    (tmp_path / "spec.json").write_text(hearing_spec().model_dump_json())
    (tmp_path / "run.toml").write_text(RUN.format(folder=run_folder))
    yamnet_file(tmp_path)

    model = load_model(train(read_config(tmp_path / "run.toml")))

    stem = model.recognizer("audio").trunk.backbone.conv_stem.conv.weight
    published = generated_variables()["00.kernel"].transpose(3, 2, 1, 0)
    np.testing.assert_allclose(stem.detach().numpy(), published, atol=1e-3)
    assert torch.equal(model.policy.branch("audio").backbone.conv_stem.conv.weight, stem)
    assert '"weights":"yamnet.npz"' in model.spec.provenance["config"]
