"""Which views of its videos a run is trained and validated on."""

from pathlib import Path

from tests.support.models import tiny_spec
from training.configuration.config import DataConfig
from training.data.run_data import decoded_views
from training.data.views import View

SPEC = tiny_spec()
TRAINED, SERVED = SPEC.train_segments, SPEC.eval_segments


def views(**settings):
    return decoded_views(DataConfig(manifest=Path("m.csv"), **settings), SPEC)


def test_training_views_are_drawn_and_validation_is_as_served():
    assert views(train_views=2, curve_segments=[1]) == {
        "train": [View(TRAINED, 0), View(TRAINED, 1)],
        "val": [View(SERVED), View(1)],
    }


def test_the_serving_view_can_be_the_first_of_the_training_views():
    assert views(train_views=2, includes_serving_view=True)["train"] == [
        View(TRAINED),
        View(TRAINED, 0),
    ]
    assert views(train_views=1, includes_serving_view=True)["train"] == [View(TRAINED)]
