"""Means, spreads and savings, and the page they are written into."""

import json

import pytest

from training.evaluation.evaluate import Score
from training.experiment.markdown import promises_table, rows_table
from training.experiment.results import write_results
from training.experiment.running import Scored
from training.experiment.suite import Row, Suite
from training.experiment.table import as_dict
from training.experiment.verdict import Verdict


def score(accuracy, gflops, *, hits=(), agreement=None, **selection):
    measured = Score(accuracy=accuracy, top5=1.0, gflops=gflops, selection=selection, hits=hits)
    return Scored(measured, agreement)


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
    return as_dict(suite, scores, {"less": {3: 0.04, 4: 0.06}}, {})


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


def test_differences_on_the_same_clips_and_what_decisions_tell_of_the_truth(tmp_path):
    rows = (
        Row(name="all", run="a", decisions="all", is_reference=True),
        Row(name="fusion", run="b", decisions="all"),
        Row(name="less", run="a", budget=0.3),
    )
    suite = Suite(
        title="T",
        base=tmp_path,
        output=tmp_path,
        seeds=(0,),
        runs={"a": {}, "b": {}},
        rows=rows,
        compares=True,
    )
    found = {"rgb": Verdict(recall=0.5, specificity=0.9, information=0.25, entropy=1.0)}
    scores = {
        "all": {0: score(0.5, 10, hits=(1.0, 0.0) * 50, rgb=1)},
        "fusion": {0: score(0.0, 10, hits=(0.0, 0.0) * 50, rgb=1)},
        "less": {0: score(1.0, 2, hits=(1.0, 1.0) * 50, agreement=found, rgb=0.5)},
    }

    measured = as_dict(suite, scores, {}, {})

    every, fusion, less = measured["rows"]
    assert "differences" not in every | fusion
    mean, low, high = less["differences"]["all"]
    assert mean == 0.5
    assert 0.35 < low < 0.5 < high < 0.65
    assert less["differences"]["fusion"] == [1.0, 1.0, 1.0]
    head, _, *lines = rows_table(measured).splitlines()
    assert head.endswith("| saved | against all | against fusion | rgb: balanced, bits of |")
    assert "| +100.0 (+100.0 to +100.0) | 0.70 +- 0.00, 0.25 of 1.00 |" in lines[2]


def test_what_takes_all_has_no_budget(tmp_path):
    with pytest.raises(ValueError, match="takes all"):
        Row(name="all", run="a", decisions="all", budget=0.3)


def test_promises_are_counted_by_seed_and_gflops_by_how_far_they_are_off(measured):
    def point(within, gflops):
        return {"promised": {"gflops": 2.0}, "accuracy": 0.5, "gflops": gflops, "within": within}

    assert promises_table(measured) == ""
    seeds = [[point("yes", 2.0), point("below", 2.08)], [point("above", 1.8), point("yes", 2.05)]]

    found = promises_table({"promises": [{"run": "ours", "seeds": seeds}]})

    assert found.splitlines()[2] == "| ours | 1 of 2, 1 of 2 | 1 | 1 | 3 of 4 | -10.0 % |"
