"""The snippets of docs/snippets.md run against a service, where there is what runs them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "snippets.md").read_text()


def snippets(language):
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)


def run(program, text, name, folder, server):
    (folder / "clip.mp4").write_bytes(b"video")
    path = folder / name
    # The fake model has no curve that a budget could choose from.
    text = text.replace("budget=0.1", "segments=3")
    path.write_text(text.replace("http://127.0.0.1:8000", server.url))
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "clients" / "python")}
    command = [*program, path]
    options = {"cwd": folder, "env": environment, "timeout": 120, "check": False}
    return subprocess.run(command, capture_output=True, text=True, **options)


@pytest.mark.parametrize("text", snippets("python"))
def test_python(server, tmp_path, text):
    finished = run([sys.executable], text, "snippet.py", tmp_path, server)

    assert finished.returncode == 0, finished.stderr
    assert finished.stdout


@pytest.mark.parametrize("text", snippets("go"))
def test_go(server, tmp_path, text):
    go = shutil.which("go")
    if go is None:
        pytest.skip("there is no go")
    finished = run([go, "run"], text, "snippet.go", tmp_path, server)

    assert finished.returncode == 0, finished.stderr
    assert finished.stdout


@pytest.mark.parametrize("text", snippets("js"))
def test_javascript(server, tmp_path, text):
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    finished = run([node], text, "snippet.mjs", tmp_path, server)

    assert finished.returncode == 0, finished.stderr
    assert finished.stdout
