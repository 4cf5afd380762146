"""adamml classify chooses as the classifier does."""

import json

import pytest
from typer.testing import CliRunner

from cli.main import app
from model.common.errors import BudgetTooSmallError, InvalidParameterError
from tests.support.curves import write_curved
from tests.support.moving_clip import moving_clip


@pytest.fixture(scope="module")
def run(tiny_bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("classify")
    model = write_curved(tiny_bundle, folder / "curved.adamml")
    clip = moving_clip(folder / "clip.mp4")

    def classify(*options):
        arguments = ["classify", str(clip), "--model", str(model), *options]
        return CliRunner().invoke(app, arguments)

    return classify


def test_a_budget_sets_threshold_and_segments(run):
    answer = json.loads(run("--json", "--budget", "0.5").stdout)

    assert len(answer["segments"]) == 2
    assert (answer["policy"]["threshold"], answer["policy"]["budget"]) == (0.9, 0.5)


def test_a_budget_that_cannot_be_kept_is_refused(run):
    assert isinstance(run("--budget", "0.1").exception, BudgetTooSmallError)
    both = run("--budget", "0.5", "--segments", "2")
    assert isinstance(both.exception, InvalidParameterError)
