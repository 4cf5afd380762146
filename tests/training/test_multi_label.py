"""Videos with several labels: binary cross entropy, judged by mean average precision."""

import json
import math

import pytest
import torch

from model.files.checkpoint import load_checkpoint
from model.networks.recognizer import Recognizer
from tests.support.models import LABELS, tiny_spec
from tests.support.training_run import RUN, write_config
from training.configuration.config import read_config
from training.configuration.recipe import UnimodalConfig
from training.data.array_store import InMemoryArrays
from training.run.engine import Engine
from training.run.run_log import LOG_NAME
from training.train import train
from training.unimodal.examples import Examples
from training.unimodal.trainer import UnimodalTrainer

NUM_VIDEOS = 24


def several_labels():
    """Spectrograms in which each label is a band of its own, present or not."""
    generator = torch.Generator().manual_seed(0)
    targets = (torch.rand(NUM_VIDEOS, len(LABELS), generator=generator) < 0.5).float()
    inputs = torch.full((NUM_VIDEOS, 1, 256, 256), -10.0)
    for video, row in enumerate(targets):
        for label, present in enumerate(row.tolist()):
            inputs[video, :, 64 * label : 64 * label + 32] += 8 * present
    return Examples(InMemoryArrays(inputs), torch.ones(NUM_VIDEOS, 1).bool(), targets)


def test_a_network_learns_several_labels_of_a_video():
    torch.manual_seed(0)
    spec = tiny_spec()
    recognizer = Recognizer(spec.modalities[1].recognizer, "audio", spec.inputs, len(LABELS))
    recognizer.dropout.p = 0.0
    examples = several_labels()
    config = UnimodalConfig(
        epochs=12, batch_videos=4, norm="trained", learning_rate=0.01, label_smoothing=0.0
    )
    trainer = UnimodalTrainer(
        recognizer, config, generator=torch.Generator().manual_seed(0), engine=Engine()
    )
    before = trainer.validate(examples)

    after = trainer.train(examples, examples)

    assert before < 0.8
    assert after > 0.95


@pytest.fixture(scope="module")
def folder(run_folder):
    """The clips of a run, each labelled by its shape and most by their sound too."""
    rows = []
    for line in (run_folder / "manifest.csv").read_text().splitlines()[1:]:
        name, label, split = line.split(",")
        silent = name == "wide_0.mp4"
        rows.append(
            {"path": name, "labels": [label] if silent else [label, "tone"], "split": split}
        )
    (run_folder / "manifest.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return run_folder


def test_a_run_trains_all_labels_of_a_video(folder):
    text = RUN.replace("manifest.csv", "manifest.jsonl").replace("epochs = 3", "epochs = 1")

    spec, _ = load_checkpoint(train(read_config(write_config(folder, "several", text))))

    assert spec.labels == ("tall", "tone", "wide")
    lines = (folder / "several" / LOG_NAME).read_text().splitlines()
    first = json.loads(lines[0])
    assert first["loss"] == pytest.approx(3 * math.log(2), abs=0.1), "a sum over three labels"
    assert [json.loads(line)["kind"] for line in lines].count("epoch") == 3 + 8


def test_looks_of_several_labels_are_not_judged_alone(folder):
    text = RUN.replace("manifest.csv", "manifest.jsonl")
    text = text.replace("[joint]", '[joint]\npolicy_teacher = "gains"\ngain_alone = ["rgb"]')
    assert "gain_alone" in text

    with pytest.raises(ValueError, match="gain_alone is for videos of one label each"):
        train(read_config(write_config(folder, "alone", text)))
