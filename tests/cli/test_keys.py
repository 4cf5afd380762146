"""adamml keys: a key is printed once, names are listed and removed."""

from __future__ import annotations

from typer.testing import CliRunner

from cli.main import app
from service.keys.key_file import read_keys


def run(path, *words):
    return CliRunner().invoke(app, ["keys", *words], env={"ADAMML_API_KEYS_FILE": str(path)})


def test_add_list_remove(tmp_path):
    path = tmp_path / "keys.jsonl"
    added = run(path, "add", "acme", "--requests-per-minute", "60", "--concurrency", "2")
    run(path, "add", "beta", "--gflops-per-minute", "1500")

    (acme, beta) = read_keys(path)
    assert acme.matches(added.stdout.strip())
    assert (beta.name, beta.gflops_per_minute) == ("beta", 1500)
    listed = run(path, "list").stdout.splitlines()
    assert listed == ["acme requests_per_minute=60 concurrency=2", "beta gflops_per_minute=1500"]

    assert run(path, "remove", "acme").exit_code == 0
    assert [entry.name for entry in read_keys(path)] == ["beta"]
    assert run(path, "remove", "acme").exit_code == 1
