"""The documents state what was measured on the very file that is bundled."""

import json

import pytest

from training.evaluation.generated_sections import fill
from training.evaluation.model_card import DOCUMENTS, RESULTS, tables
from training.experiment.results import PAGE, page_contents


def test_the_documents_state_the_committed_results():
    contents = tables()
    for document in DOCUMENTS:
        text = document.read_text()
        assert "<!-- begin evaluation -->" in text
        assert fill(text, contents) == text, "run python -m training.evaluation.model_card"


def test_the_results_page_shows_the_committed_tables():
    folder = RESULTS.parent
    text = (folder / PAGE).read_text()

    assert fill(text, page_contents(folder)) == text, "run adamml experiment"
    for name in page_contents(folder):
        assert f"<!-- begin {name} -->" in text


def test_results_of_another_file_are_refused(tmp_path):
    results = json.loads(RESULTS.read_text())
    results["served"]["model"]["version"] = "0" * 12
    other = tmp_path / "other.json"
    other.write_text(json.dumps(results))
    with pytest.raises(ValueError, match=r"results are of .*000000000000"):
        tables(other)


def test_only_places_that_are_known_are_filled():
    text = "a\n<!-- begin x -->\nold\n<!-- end x -->\n<!-- begin y -->\nkept\n<!-- end y -->\n"
    filled = fill(text, {"x": "new"})
    assert filled == text.replace("old", "new")
