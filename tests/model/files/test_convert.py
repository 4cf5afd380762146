"""The authors' layout: everything is carried over, or the refusal says what is not."""

import os
import pickle
import zipfile

import pytest
import torch

from model.files.checkpoint import CheckpointError, load_model
from model.files.convert import convert_checkpoint, load_reference
from tests.support.reference_checkpoint import reference_state_dict, save_reference

LABELS = ("blowing nose", "bowling", "laughing", "singing")


@pytest.fixture(scope="module")
def tensors():
    return reference_state_dict()


@pytest.fixture
def convert(tmp_path):
    def run(tensors, labels=LABELS):
        source = save_reference(tmp_path / "model_best.pth.tar", tensors)
        spec = convert_checkpoint(source, tmp_path / "sounds.safetensors", labels=labels)
        return spec, load_model(tmp_path / "sounds.safetensors")

    return run


@pytest.fixture(scope="module")
def converted(tensors, tmp_path_factory):
    folder = tmp_path_factory.mktemp("convert")
    source = save_reference(folder / "model_best.pth.tar", tensors)
    convert_checkpoint(source, folder / "sounds.safetensors", labels=LABELS)
    return load_model(folder / "sounds.safetensors")


def test_the_model_is_read_off_the_tensors(converted):
    spec = converted.spec

    assert (spec.name, spec.labels) == ("sounds", LABELS)
    assert spec.modality_names == ("rgb", "audio")
    assert [modality.recognizer.backbone for modality in spec.modalities] == [
        "resnet18",
        "mobilenet_v2",
    ]
    assert (spec.policy.joint_width, spec.policy.lstm_width) == (16, 8)
    assert spec.fusion.rule == "weighted"
    assert spec.costs is not None
    assert spec.provenance["converted_from"] == "model_best.pth.tar"
    assert len(spec.provenance["converted_from_sha256"]) == 64


def test_every_number_is_carried_over(converted, tensors):
    theirs = sorted(tensor.double().sum().item() for tensor in tensors.values())
    ours = sorted(tensor.double().sum().item() for tensor in converted.state_dict().values())
    assert ours == theirs
    assert converted.fusion.weights().tolist() == pytest.approx([0.4, 0.6])


def test_without_lstm_and_without_learned_weights(convert):
    spec, _ = convert(reference_state_dict(lstm=False, weighted=False))

    assert spec.policy.lstm_width is None
    assert not spec.policy.feeds_back_logits
    assert spec.fusion.rule == "average"


def test_the_number_of_labels_must_match(convert, tensors):
    with pytest.raises(CheckpointError, match="has 4 classes, the label list 3"):
        convert(tensors, labels=LABELS[:3])


def test_labels_must_make_a_spec(convert, tensors):
    with pytest.raises(CheckpointError, match=r"does not make a spec: .*labels repeat"):
        convert(tensors, labels=("a", "a", "b", "c"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"policy_net.rnn.weight": torch.zeros(1)}, "the tensor policy_net.rnn.weight is not part"),
        ({"main_net.nets.0.layer5.weight": torch.zeros(1)}, r"not part of .*rgb.*layer5.weight"),
        (
            {"main_net.nets.0.bn1.bias": None},
            "are missing: recognizers.rgb.trunk.backbone.bn1.bias",
        ),
        (
            {"policy_net.joint_net.joint.0.weight": None},
            "the tensor policy_net.joint_net.joint.0.weight is missing",
        ),
        (
            {"main_net.nets.0.conv1.weight": torch.zeros(64, 15, 7, 7)},
            "takes 15 channels; known are 1: audio, 3: rgb, 10: flow",
        ),
        (
            {"policy_net.joint_net.nets.1.features.0.0.weight": torch.zeros(32, 3, 3, 3)},
            "policy network 1 sees rgb but gates main_net.nets.1, which sees audio",
        ),
        (
            {"main_net.nets.0.fc.weight": torch.zeros(4, 8)},
            r"recognizers.rgb.classifier.weight has the shape \(4, 8\)",
        ),
        ({"main_net.nets.0.bn1.bias": torch.full((64,), torch.nan)}, "bn1.bias holds values that"),
        ({"main_net.nets.1.classifier.1.bias": torch.zeros(5)}, "has 5 classes, the label list 4"),
    ],
)
def test_tensors_that_do_not_fit_are_refused_by_name(convert, tensors, changes, message):
    changed = {name: tensor for name, tensor in (tensors | changes).items() if tensor is not None}
    with pytest.raises(CheckpointError, match=message):
        convert(changed)


def test_a_unimodal_checkpoint_is_refused(convert):
    with pytest.raises(CheckpointError, match="a unimodal one has no policy"):
        convert({"conv1.weight": torch.zeros(64, 3, 7, 7)})


class Trap:
    """Unpickling this runs a command."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize(
    "save", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content, protocol=2))]
)
def test_a_file_with_code_in_it_is_refused_and_nothing_runs(tmp_path, tensors, save):
    path, marker = tmp_path / "evil.pth", tmp_path / "ran"
    save({"state_dict": {"main_net.lf_weights": Trap(marker)}}, path)

    with pytest.raises(CheckpointError, match=r"refused: .* can run code from the file"):
        convert_checkpoint(path, tmp_path / "out", labels=LABELS)
    assert not marker.exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "has no state_dict"),
        ({"state_dict": {}}, "has no state_dict"),
        ({"model": {"weight": torch.zeros(1)}}, "has no state_dict"),
        ({"state_dict": {"weight": "zero"}}, "'weight' in its state_dict is not a tensor"),
    ],
)
def test_other_torch_files_are_refused(tmp_path, content, message):
    torch.save(content, tmp_path / "x.pth")

    with pytest.raises(CheckpointError, match=message):
        load_reference(tmp_path / "x.pth")


def test_a_truncated_file_is_refused(tmp_path, tensors):
    path = save_reference(tmp_path / "x.pth", tensors)
    path.write_bytes(path.read_bytes()[:10_000])

    with pytest.raises(CheckpointError, match=r"x.pth is (refused|not a torch file)"):
        load_reference(path)


def test_a_zip_of_something_else_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        archive.writestr("hello.txt", "hello")

    with pytest.raises(CheckpointError, match="is not a torch file"):
        load_reference(tmp_path / "x.pth")
