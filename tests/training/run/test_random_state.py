"""Seeds and stages draw numbers of their own."""

import torch

from training.run.random_state import mixed_seed, seed_stage


def test_every_seed_and_every_stage_draws_differently():
    """Not a given: of a seed, torch's generator on the CPU looks at the lower 32 bits alone."""
    drawn = []
    for seed in range(4):
        for stage in ("joint", "unimodal_rgb"):
            own = seed_stage(seed, stage)
            drawn += [torch.rand(1).item(), torch.rand(1, generator=own).item()]

    assert len(set(drawn)) == len(drawn) == 16


def test_the_same_seed_and_stage_draw_the_same():
    first = seed_stage(3, "joint")
    numbers = torch.rand(4), torch.rand(4, generator=first)

    again = seed_stage(3, "joint")

    assert torch.equal(numbers[0], torch.rand(4))
    assert torch.equal(numbers[1], torch.rand(4, generator=again))


def test_seeds_stay_within_what_a_generator_takes():
    assert all(0 <= mixed_seed(seed, "joint") < 2**32 for seed in (0, 1, 2**31 - 1))
