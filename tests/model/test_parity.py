"""The published implementation's recorded outputs, from weights and inputs rebuilt by name.

The recipe is that of the README beside the golden file. ADAMML_PARITY_GOLDEN names the file.
"""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from model.files.checkpoint import load_model
from model.files.convert import convert_checkpoint
from model.inputs.sound.spectrogram import spectrogram
from model.networks import AdaMML, decide
from model.spec.input_spec import AudioSpec

DEFAULT_GOLDEN = Path(__file__).parents[3] / "shared/reference/parity/golden.json"
GOLDEN = Path(os.environ.get("ADAMML_PARITY_GOLDEN", DEFAULT_GOLDEN))
STATE_DICTS = {
    "rgb+audio": "state_dict_rgb_audio.txt",
    "rgb+audio+flow(rgbdiff)": "state_dict_rgb_audio_flow.txt",
}
CLASSES = 31
FRAMES = 8
CHANNELS = {"rgb": 3, "audio": 1, "flow": 10, "rgb_diff": 15}
THEIR_NAMES = {"rgb": "rgb", "audio": "sound", "flow": "flow", "rgb_diff": "rgbdiff"}
RELATIVE_TOLERANCE = 1e-4  # of the largest magnitude

pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(not GOLDEN.is_file(), reason=f"{GOLDEN} is absent"),
]


def random_state(seed, name):
    return np.random.RandomState(zlib.crc32(f"{seed}:{name}".encode()))


def rebuild_tensor(seed, name, shape, lf_weights):
    random = random_state(seed, name)
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    if name.endswith("lf_weights"):
        values = np.asarray(lf_weights)
    elif name.endswith("running_var") or (len(shape) == 1 and name.endswith("weight")):
        values = 0.5 + random.random_sample(shape)
    elif len(shape) == 1:
        values = 0.1 * random.standard_normal(shape)
    else:
        values = random.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
    return torch.from_numpy(values.astype(np.float32))


def rebuild_state_dict(record, listing):
    tensors = {}
    for line in listing.read_text().splitlines():
        name, shape = line.split(" ", 1)
        sizes = [int(size) for size in shape.strip("()").split(",") if size.strip()]
        tensors[name] = rebuild_tensor(record["seed"], name, tuple(sizes), record["lf_weights"])
    return tensors


def rebuild_input(record, source):
    """(N*S, 8, C, 224, 224), or (N*S, 1, 1, 256, 256) for audio; already normalised."""
    videos, segments, channels = record["N"], record["S"], CHANNELS[source]
    size = (256, 256) if source == "audio" else (224, 224)
    frames = 1 if source == "audio" else FRAMES
    shape = (videos, segments * frames * channels, *size)
    values = random_state(record["seed"], f"input:{THEIR_NAMES[source]}").standard_normal(shape)
    rows = values.astype(np.float32).reshape(videos * segments, frames, channels, *size)
    return torch.from_numpy(rows)


@pytest.fixture(scope="module", params=list(STATE_DICTS))
def record(request):
    return json.loads(GOLDEN.read_text())[request.param] | {"listing": STATE_DICTS[request.param]}


@pytest.fixture(scope="module")
def model(record, tmp_path_factory):
    """The record's weights, saved as the authors' program does, then converted and loaded."""
    folder = tmp_path_factory.mktemp("parity")
    tensors = rebuild_state_dict(record, GOLDEN.parent / record["listing"])
    saved = {
        "epoch": 20,
        "arch": "joint_resnet_mobilenetv2",
        "state_dict": {f"module.{name}": tensor for name, tensor in tensors.items()},
        "best_top1": 71.5,
        "p_optimizer": {"state": {}, "param_groups": []},
        "optimizer": {"state": {}, "param_groups": []},
        "temperature": 2.45,
        "stage": "finetune",
    }
    torch.save(saved, folder / "model_best.pth.tar")
    labels = [f"class {number}" for number in range(CLASSES)]
    converted = folder / "converted.safetensors"
    convert_checkpoint(folder / "model_best.pth.tar", converted, labels=labels)
    return load_model(converted)


@pytest.fixture(scope="module")
def logits(record, model: AdaMML) -> Tensor:
    """(N, S, M, K) of the recognition networks."""
    return compute_logits(record, model)


@torch.inference_mode()
def compute_logits(record, model):
    rows = []
    for name in model.spec.modality_names:
        images = rebuild_input(record, name).flatten(0, 1)
        rows.append(model.recognizer(name).forward_normalized(images))
    return torch.stack(rows, dim=1).reshape(record["N"], record["S"], len(rows), CLASSES)


@torch.inference_mode()
def compute_policy_logits(record, model):
    features = []
    for modality in model.spec.modalities:
        images = rebuild_input(record, modality.proxy)
        every = images.shape[1] // modality.policy.frames  # frames 0, 2, 4, 6 of 8
        branch = model.policy.branch(modality.name)
        features.append(branch.forward_normalized(images[:, ::every].flatten(0, 1)))
    available = torch.ones(len(features[0]), len(features))
    joint = model.policy.joint(features, available).joint
    return model.policy.recur(joint.reshape(record["N"], record["S"], -1))


def assert_matches(actual: Tensor, expected) -> None:
    expected = torch.tensor(expected, dtype=torch.float32)
    assert actual.shape == expected.shape
    tolerance = RELATIVE_TOLERANCE * expected.abs().max()
    assert (actual - expected).abs().max() <= tolerance


def test_modalities_keep_their_order(record, model: AdaMML):
    ours = [THEIR_NAMES[name] for name in model.spec.modality_names]
    assert ours == [name for name in record["modalities"] if name != "rgbdiff"]


def test_policy_logits(record, model: AdaMML):
    logits = compute_policy_logits(record, model)

    assert_matches(logits, record["policy_logits"])
    assert_matches(decide(logits, 0.5).float(), record["argmax_decisions"])


def test_recognition_logits(record, model: AdaMML, logits: Tensor):
    for index, name in enumerate(model.spec.modality_names):
        expected = record[f"segment_logits_{THEIR_NAMES[name]}_first8"]
        assert_matches(logits[:, :, index, :8], expected)


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        (None, "video_logits_all_selected"),
        ("argmax_decisions", "video_logits_argmax"),
        ("reference_sampled_decisions", "video_logits_for_sampled_decisions"),
    ],
)
@torch.inference_mode()
def test_video_logits(record, model: AdaMML, logits: Tensor, decisions, expected):
    chosen = torch.tensor(record[decisions]) if decisions else torch.ones(logits.shape[:3])

    assert_matches(model.fusion(logits, chosen).video, record[expected])


def test_spectrogram():
    golden = json.loads(GOLDEN.read_text())
    expected, seed = golden["audio_spectrogram"], golden["rgb+audio"]["seed"]
    samples = 0.1 * random_state(seed, "waveform").standard_normal(30_720)

    actual = torch.from_numpy(spectrogram(samples.astype(np.float32), AudioSpec()))

    assert list(actual.shape) == expected["shape"]
    assert_matches(actual.mean(dim=1)[:64], expected["row_means"])
    assert_matches(actual[:4, :4], expected["corner"])
    assert actual.mean().item() == pytest.approx(expected["mean"], rel=RELATIVE_TOLERANCE)
