"""What is saved is loaded, and nothing else is."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.files import checkpoint
from model.files.checkpoint import (
    CheckpointError,
    load_checkpoint,
    load_model,
    read_spec,
    read_training,
    save_checkpoint,
)
from model.files.safetensors_header import SPEC_KEY, read_metadata
from tests.support.models import tiny_model


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture
def saved(model, tmp_path):
    path = tmp_path / "model.safetensors"
    save_checkpoint(path, model, training={"epochs": 3, "accuracy": 0.5})
    return path


def rewrite(path, *, spec=None, **changes):
    """Save the file again with another spec, or with tensors replaced; None removes one."""
    metadata, tensors = read_metadata(path), load_file(path)
    tensors |= changes
    if spec is not None:
        metadata[SPEC_KEY] = json.dumps(json.loads(metadata[SPEC_KEY]) | spec)
    kept = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    save_file(kept, path, metadata=metadata)


def test_round_trip(model, saved):
    loaded = load_model(saved)

    assert loaded.spec == model.spec
    assert not loaded.training
    assert loaded.state_dict().keys() == model.state_dict().keys()
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)
    assert read_training(saved) == {"epochs": 3, "accuracy": 0.5}
    assert read_spec(saved) == model.spec


def test_half_precision_weights_are_loaded(model, saved):
    halves = {
        name: tensor.half()
        for name, tensor in load_file(saved).items()
        if tensor.dtype.is_floating_point
    }
    rewrite(saved, **halves)

    assert next(load_model(saved).parameters()).dtype == torch.float32


def test_another_spec_can_be_saved_beside_the_weights(model, tmp_path):
    spec = model.spec.model_copy(update={"threshold": 0.25})
    save_checkpoint(tmp_path / "x", model, spec=spec)

    assert read_spec(tmp_path / "x").threshold == 0.25


@pytest.mark.parametrize("content", [b"", b"{}", b"hello, this is text", b"\xff" * 64])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)

    with pytest.raises(CheckpointError, match="is not a safetensors file"):
        load_checkpoint(path)


def test_safetensors_of_somebody_else_are_refused(tmp_path):
    save_file({"weight": torch.zeros(2)}, tmp_path / "x")

    with pytest.raises(CheckpointError, match="has no spec in its metadata"):
        load_checkpoint(tmp_path / "x")


@pytest.mark.parametrize("kept", [100, 1000, -1])
def test_a_truncated_file_is_refused(saved, kept):
    saved.write_bytes(saved.read_bytes()[:kept])

    with pytest.raises(CheckpointError, match=r"is not a safetensors file|is damaged"):
        load_checkpoint(saved)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 9}, "format_version is 9; this program reads 1"),
        ({"telepathy": True}, "telepathy: Extra inputs are not permitted"),
        ({"threshold": 3}, "threshold: Input should be less than or equal to 1"),
        ({"modalities": []}, "modalities: .*at least 1"),
    ],
)
def test_a_spec_that_is_not_understood_is_refused(saved, change, message):
    rewrite(saved, spec=change)

    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(saved)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (None, "tensors are missing: policy.fc1.bias"),
        (torch.zeros(3), r"policy.fc1.bias has the shape \(3,\); the spec needs \(16,\)"),
        (torch.full((16,), torch.nan), "policy.fc1.bias holds values that are not finite"),
        (torch.full((16,), -torch.inf), "policy.fc1.bias holds values that are not finite"),
        (torch.zeros(16, dtype=torch.int64), "policy.fc1.bias is of type torch.int64"),
    ],
)
def test_weights_that_do_not_fit_are_refused(saved, tensor, message):
    rewrite(saved, **{"policy.fc1.bias": tensor})

    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(saved)


def test_weights_of_no_use_are_refused(saved):
    extra = {f"extra.{number}": torch.zeros(1) for number in range(5)}
    rewrite(saved, **extra)

    with pytest.raises(CheckpointError, match=r"not part of .* extra.0, extra.1, extra.2 and 2 m"):
        load_checkpoint(saved)


def test_weights_that_are_not_finite_are_not_even_saved(tmp_path):
    broken = tiny_model()
    broken.policy.fc1.bias.data[0] = torch.nan

    with pytest.raises(CheckpointError, match="not finite"):
        save_checkpoint(tmp_path / "x", broken)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_half_way_leaves_the_old_file(model, saved, monkeypatch):
    before = saved.read_bytes()

    def save_half(tensors, path, metadata):
        save_file(tensors, path, metadata=metadata)
        path.write_bytes(path.read_bytes()[:500])
        raise OSError("no space left on device")

    monkeypatch.setattr(checkpoint, "save_file", save_half)
    with pytest.raises(OSError, match="no space left"):
        save_checkpoint(saved, model)

    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "nothing")
