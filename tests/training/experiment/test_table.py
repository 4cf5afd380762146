"""Means, spreads and savings, and the page they are written into."""

import json

import pytest

from training.evaluation.evaluate import Score
from training.experiment.markdown import rows_table
from training.experiment.results import write_results
from training.experiment.suite import Row, Suite
from training.experiment.table import as_dict


def score(accuracy, gflops, **selection):
    return Score(accuracy=accuracy, top5=1.0, gflops=gflops, selection=selection)


@pytest.fixture
def measured(tmp_path):
    rows = (Row(name="all", run="a", is_reference=True), Row(name="less", run="b"))
    suite = Suite(
        title="T", base=tmp_path, output=tmp_path, seeds=(3, 4), runs={"a": {}, "b": {}}, rows=rows
    )
    scores = {
        "all": {3: score(0.8, 10, rgb=1, flow=1), 4: score(0.9, 20, rgb=1, flow=1)},
        "less": {3: score(0.9, 5, rgb=0.5), 4: score(0.9, 5, rgb=0.7)},
    }
    return as_dict(suite, scores, {"less": {3: 0.04, 4: 0.06}})


def test_means_spreads_and_what_a_row_saves_against_its_own_seed(measured):
    head, _, every, less = rows_table(measured).splitlines()

    assert head == (
        "|  | top-1 | rgb kept | flow kept | GFLOPs | saved | accuracy against it"
        " | validation price |"
    )
    assert every.endswith(" |  |  |  |")
    assert every.startswith("| all | 85.0 +- 7.1 % | 100.0 +- 0.0 % | 100.0 +- 0.0 % | 15.00 +- 7")
    # 50 and 75 %: not 1 - 5/15.
    assert less == (
        "| less | 90.0 +- 0.0 % | 60.0 +- 14.1 % |  | 5.00 +- 0.00 | 62.5 +- 17.7 % | +5.0 +- 7.1"
        " | 0.050 +- 0.014 |"
    )


def test_without_a_reference_nothing_is_saved(measured):
    for row in measured["rows"]:
        row["is_reference"] = False
        row["validation_price"] = []
    assert rows_table(measured).splitlines()[0].endswith("| GFLOPs |")


def test_results_are_written_and_shown_where_the_page_has_a_place(tmp_path, measured):
    page = tmp_path / "README.md"
    page.write_text(
        "a\n<!-- begin two -->\nold\n<!-- end two -->\n<!-- begin x -->\n<!-- end x -->"
    )
    write_results(tmp_path, "one", measured)
    assert "old" in page.read_text()
    write_results(tmp_path, "two", measured)

    assert json.loads((tmp_path / "two.json").read_text()) == measured
    assert "old" not in page.read_text()
    assert "### T\n\n|  | top-1" in page.read_text()
    assert page.read_text().endswith("<!-- begin x -->\n<!-- end x -->")
