"""adamml models: what is bundled, what lies in a folder, and what is none."""

import json

import typer
from typer.testing import CliRunner

from cli.models import models
from model.files import bundle
from model.files.checkpoint import save_checkpoint
from model.inference.loading import BUNDLED_MODEL
from tests.support.models import tiny_model, tiny_spec

app = typer.Typer()
app.command()(models)


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_the_bundled_model_is_listed_with_what_it_promises():
    (line,) = run().output.splitlines()

    assert line.startswith(f"{BUNDLED_MODEL}  ")
    assert "av13: 13 classes  rgb+audio+flow  everything 13.00 GFLOPs a video" in line
    assert "promised 98.8% (" in line


def test_a_folder_s_models_and_what_is_none(tmp_path):
    save_checkpoint(tmp_path / "a.safetensors", tiny_model(tiny_spec()), training={})
    (tmp_path / "b.adamml").write_bytes(BUNDLED_MODEL.read_bytes()[:100_000])
    (tmp_path / "c.adamml").mkdir()
    (tmp_path / "d.adamml").symlink_to("nowhere")
    (tmp_path / "notes.txt").write_text("")

    checkpoint, wrong = json.loads(run(str(tmp_path), "--json").output)

    assert checkpoint["labels"] == list(tiny_spec().labels)
    assert checkpoint["served"] is None
    assert wrong["path"].endswith("b.adamml")
    assert "is not a bundle" in wrong["error"]
    assert set(wrong) == {"path", "version", "megabytes", "error"}
    assert len(run(str(tmp_path)).output.splitlines()) == 2


def test_models_in_folders_below_and_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    save_checkpoint(tmp_path / "run" / "a.safetensors", tiny_model(tiny_spec()), training={})
    secret = tmp_path / "secret.adamml"
    secret.write_bytes(b"")

    def refused(path):
        if path == secret:
            raise PermissionError(13, "Permission denied")
        return real(path)

    real = bundle.file_version
    monkeypatch.setattr(bundle, "file_version", refused)
    found, unread = run(str(tmp_path)).output.splitlines()

    assert found.startswith(f"{tmp_path / 'run' / 'a.safetensors'}  ")
    assert unread.endswith("cannot be read: Permission denied")


def test_a_folder_without_models_is_told(tmp_path):
    result = run(str(tmp_path))

    assert "has no model; they end in .adamml or .safetensors" in str(result.exception)
    missing = run(str(tmp_path / "missing"))
    assert isinstance(missing.exception, NotADirectoryError)
