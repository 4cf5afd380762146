import pytest
import torch
from torch import nn

from model.networks.recognizer import Recognizer
from tests.support.models import LABELS, tiny_spec
from tests.support.training_run import write_config
from training.configuration.config import HardwareConfig
from training.configuration.recipe import UnimodalConfig
from training.data.array_store import InMemoryArrays
from training.run.engine import Engine
from training.run.hardware import Hardware, find_hardware
from training.run.optimization import Stepper
from training.run.run_log import Where
from training.unimodal.examples import Examples
from training.unimodal.trainer import UnimodalTrainer

WHERE = Where("test", 0, 0)


def examples():
    """Spectrograms in which each class is a band of its own."""
    targets = torch.arange(12) % len(LABELS)
    inputs = torch.full((12, 1, 256, 256), -10.0)
    for video, label in enumerate(targets.tolist()):
        inputs[video, :, 64 * label : 64 * label + 32] += 8
    return Examples(InMemoryArrays(inputs), torch.ones(12, 1).bool(), targets)


def train_on(hardware):
    torch.manual_seed(0)
    spec = tiny_spec()
    recognizer = Recognizer(spec.modalities[1].recognizer, "audio", spec.inputs, len(LABELS))
    recognizer.to(hardware.device).to(memory_format=hardware.memory_format)
    recognizer.dropout.p = 0.0
    config = UnimodalConfig(epochs=16, batch_videos=3, norm="trained", learning_rate=0.01)
    trainer = UnimodalTrainer(
        recognizer,
        config,
        generator=torch.Generator().manual_seed(0),
        engine=Engine(hardware=hardware),
    )
    seen = []
    recognizer.classifier.register_forward_hook(lambda _, inputs, output: seen.append(output.dtype))
    accuracy = trainer.train(examples(), examples())
    return recognizer, accuracy, set(seen)


@pytest.mark.parametrize(
    ("precision", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)]
)
def test_a_network_learns_in_reduced_precision_with_whole_weights(precision, dtype):
    recognizer, accuracy, seen = train_on(
        find_hardware(HardwareConfig(device="cpu", precision=precision))
    )

    assert seen == {dtype}
    assert all(parameter.dtype == torch.float32 for parameter in recognizer.parameters())
    assert accuracy > 0.7
    convolutions = [m for m in recognizer.modules() if isinstance(m, nn.Conv2d) and m.groups == 1]
    assert all(m.weight.is_contiguous(memory_format=torch.channels_last) for m in convolutions)


def stepper_in_float16():
    parameter = nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([parameter], lr=0.5)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.1)
    scaler = Hardware(dtype=torch.float16).scaler()
    return parameter, Stepper(optimizer, scaler, schedule=schedule, clip_gradient=100.0)


def test_the_loss_of_float16_is_scaled_and_its_gradient_is_not():
    parameter, stepper = stepper_in_float16()
    gradients = []
    parameter.register_hook(gradients.append)

    stepper.step(2 * parameter.sum(), WHERE)

    assert gradients[0].item() == 2 * 65536
    assert parameter.item() == pytest.approx(1 - 0.5 * 2)
    assert stepper.learning_rate == pytest.approx(0.05)


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_a_step_whose_gradient_overflows_is_left_out():
    parameter, stepper = stepper_in_float16()
    parameter.register_hook(lambda gradient: gradient * float("inf"))

    stepper.step(2 * parameter.sum(), WHERE)

    assert parameter.item() == 1.0
    assert stepper.learning_rate == 0.5, "the schedule waits"
    assert stepper.scaler.get_scale() == 32768
    restored = stepper_in_float16()[1]
    restored.load_state_dict(stepper.state_dict())
    assert restored.scaler.get_scale() == 32768


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_an_error_in_one_line(tmp_path):
    from typer.testing import CliRunner

    from cli.main import app

    assert find_hardware(HardwareConfig()).device.type == "cpu"
    config = write_config(tmp_path, "run")
    result = CliRunner().invoke(app, ["train", str(config), "--device", "cuda"])

    assert isinstance(result.exception, ValueError)
    assert str(result.exception) == "the device 'cuda' is asked for, but torch finds no GPU here"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_a_gpu_trains(precision):
    recognizer, accuracy, _ = train_on(find_hardware(HardwareConfig(precision=precision)))

    assert next(recognizer.parameters()).device.type == "cuda"
    assert accuracy > 0.7
