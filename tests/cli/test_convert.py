import pytest
import typer
from typer.testing import CliRunner

from cli.training.convert import convert, read_labels
from model.files.checkpoint import CheckpointError, load_model
from tests.support.reference_checkpoint import reference_state_dict, save_reference

app = typer.Typer()
app.command()(convert)


@pytest.fixture
def source(tmp_path):
    return save_reference(tmp_path / "model_best.pth.tar", reference_state_dict())


def run(tmp_path, source, labels):
    (tmp_path / "labels.txt").write_text(labels, encoding="utf-8")
    arguments = [source, tmp_path / "out.safetensors", "--labels", tmp_path / "labels.txt"]
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_checkpoint_is_converted(tmp_path, source):
    result = run(tmp_path, source, "bowling\n laughing \n\nsinging\ntickling\n")

    assert result.exit_code == 0, result.output
    assert "4 classes; rgb, audio" in result.output
    labels = load_model(tmp_path / "out.safetensors").spec.labels
    assert labels == ("bowling", "laughing", "singing", "tickling")


def test_a_label_too_few_is_an_error_and_writes_nothing(tmp_path, source):
    result = run(tmp_path, source, "bowling\nlaughing\nsinging\n")

    assert isinstance(result.exception, CheckpointError)
    assert "has 4 classes, the label list 3" in str(result.exception)
    assert not (tmp_path / "out.safetensors").exists()


def test_labels_are_required(source):
    assert CliRunner().invoke(app, [str(source), "out"]).exit_code == 2


def test_labels_may_end_in_any_newline(tmp_path):
    (tmp_path / "labels.txt").write_bytes("a\r\ncafé\r\n".encode())

    assert read_labels(tmp_path / "labels.txt") == ["a", "café"]
