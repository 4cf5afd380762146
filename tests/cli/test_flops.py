import json
import subprocess
import sys
import zipfile

import pytest
import typer
from typer.testing import CliRunner

from cli import flops as module
from cli.flops import flops
from cli.spec_argument import resolve_spec
from model.files.checkpoint import save_checkpoint
from model.spec.spec_json import SpecError
from tests.support.models import tiny_model, tiny_spec

app = typer.Typer()
app.command()(flops)


def run(*arguments):
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_json_has_exact_integers():
    report = json.loads(run("rgb-audio-flow", "--json"))

    assert report["recognition"]["rgb"]["conv"] == 14_135_984_128
    assert report["recognition"]["flow"]["conv"] == 16_338_911_232
    assert report["recognition"]["audio"]["conv"] == 381_739_008
    assert report["policy_branches"]["rgb"]["conv"] == 375_446_400
    assert report["policy_branches"]["flow"]["conv"] == 463_920_000
    assert report["segments"] == 10
    assert report["video"]["dense"]["conv"] == 308_566_343_680
    assert report["policy_joint"]["lstm"] == 4 * 256 * (2048 + 6 + 256)


def test_parts_sum_to_the_totals():
    report = json.loads(run("compact", "--json"))
    parts = [*report["policy_branches"].values(), report["policy_joint"]]

    for kind in ("conv", "linear", "lstm", "total"):
        assert report["dense"][kind] == sum(cost[kind] for cost in report["recognition"].values())
        assert report["policy"][kind] == sum(cost[kind] for cost in parts)
        assert report["video"]["policy"][kind] == 10 * report["policy"][kind]
    assert report["policy_share"] == report["policy"]["total"] / report["dense"]["total"]


@pytest.mark.parametrize(
    ("name", "printed"),
    [("rgb-audio", "145.177"), ("rgb-flow", "304.749"), ("rgb-audio-flow", "308.566")],
)
def test_the_table_shows_every_component(name, printed):
    table = run(name)

    assert "14,135,984,128" in table
    assert printed in table
    for row in ("recognition rgb", "dense", "policy branch rgb", "policy joint", "policy / dense"):
        assert row in table


@pytest.fixture
def spec():
    return tiny_spec()


def as_json_file(spec, path):
    path = path.with_suffix(".json")
    path.write_text(spec.model_dump_json())
    return path


def as_bundle(spec, path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("spec.json", spec.model_dump_json())
    return path


def as_checkpoint(spec, path):
    save_checkpoint(path, tiny_model(spec))
    return path


@pytest.mark.parametrize("write", [as_json_file, as_bundle, as_checkpoint])
def test_a_spec_is_found_in_any_file_that_holds_one(tmp_path, spec, write):
    path = write(spec, tmp_path / "model")

    assert resolve_spec(str(path)) == spec


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"{}", "is not a bundle"), (b"hello, hello", "not a safetensors file")],
)
def test_other_files_are_refused(tmp_path, content, message):
    path = tmp_path / "model"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=message):
        resolve_spec(str(path))


def test_a_zip_file_without_a_spec_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "model", "w") as archive:
        archive.writestr("readme", "hello")

    with pytest.raises(SpecError, match=r"has no spec\.json: a zip file, but not a bundle"):
        resolve_spec(str(tmp_path / "model"))


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(SpecError, match=r"'nothing' is neither a file nor .*rgb-audio, "):
        resolve_spec("nothing")


def test_without_a_bundled_model_the_papers_largest_is_shown(monkeypatch, tmp_path):
    monkeypatch.setattr("model.inference.loading.BUNDLED_MODEL", tmp_path / "absent")

    assert module.default_spec() == "rgb-audio-flow"


def test_a_counted_spec_needs_no_torch(tmp_path, spec):
    path = as_checkpoint(spec, tmp_path / "model")
    script = (
        "import sys; from cli.flops import flops; flops(sys.argv[1]);"
        "assert not {'torch', 'safetensors'} & sys.modules.keys()"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False
    )

    assert finished.returncode == 0, finished.stderr
    assert "recognition audio" in finished.stdout
