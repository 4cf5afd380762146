"""Generated clips show and sound what their times say, or the answer warns."""

import os

import pytest

from tests.generated.run import look_at
from tests.support.models import tiny_spec

# A sample of bounded time; `make generated-clips` goes on from there.
SEEDS = [int(seed) for seed in os.environ.get("GENERATED_SEEDS", "").split(",") if seed]


@pytest.mark.parametrize("seed", SEEDS or [0, 2, 4, 6, 10, 13, 51, 78, 98, 134, 282, 334, 495])
def test_every_segment_is_of_its_time(tmp_path, seed):
    recipe, found = look_at(seed, tiny_spec(), tmp_path)

    wrong = [one.faults for one in found if one.verdict == "wrong"]
    assert not wrong, recipe
