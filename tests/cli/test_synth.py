import pytest
from typer.testing import CliRunner

from cli.main import app, main


def test_synth_writes_a_data_set_and_says_where(tmp_path):
    out = tmp_path / "out"
    numbers = ["--classes", "2", "--clips-per-class", "3", "--carriers", "2", "--seconds", "1.28"]
    result = CliRunner().invoke(app, ["synth", str(out), "--modalities", "rgb,audio", *numbers])

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("6 clips (2 train, 2 val, 2 test): ")
    assert len(list(out.rglob("*.mp4"))) == 6
    assert {path.name for path in out.iterdir()} == {
        "clips",
        "manifest.csv",
        "truth.jsonl",
        "synth.json",
    }


def test_what_cannot_be_made_is_one_line_and_status_1(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["adamml", "synth", str(tmp_path), "--clips-per-class", "2"])
    with pytest.raises(SystemExit) as left:
        main()

    assert left.value.code == 1
    assert "clips_per_class is 2; at least 9 are needed" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
