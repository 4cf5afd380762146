"""The compared systems by name."""

from __future__ import annotations

from typing import Literal, NamedTuple

from training.compared.coarse_to_fine import fit_coarse_to_fine
from training.compared.controls import fit_dense, fit_oracle, fit_random, fit_uniform
from training.compared.glimpsing.ada_frame import fit_ada_frame
from training.compared.glimpsing.fast_forward import fit_fast_forward
from training.compared.glimpsing.frame_glimpse import fit_frame_glimpse
from training.compared.glimpsing.random_glimpse import fit_random_glimpse
from training.compared.levels import fit_levels
from training.compared.ours import fit_ours
from training.compared.sampler import fit_ranking_sampler, fit_sampler
from training.compared.skimming import fit_looking, fit_previews
from training.compared.trace import Fit

SystemName = Literal[
    "uniform",
    "random",
    "dense",
    "oracle",
    "scsampler",
    "scsampler_ranking",
    "liteeval",
    "hcms",
    "listen_to_look",
    "listen_to_look_previews",
    "adaframe",
    "fast_forward",
    "frame_glimpse",
    "random_glimpse",
    "adamml",
]


class SystemKind(NamedTuple):
    """How a system is trained, and whether it decides on a segment without having seen any part
    of later ones."""

    fit: Fit
    is_causal: bool


SYSTEMS: dict[SystemName, SystemKind] = {
    "uniform": SystemKind(fit_uniform, is_causal=False),
    "random": SystemKind(fit_random, is_causal=False),
    "dense": SystemKind(fit_dense, is_causal=True),
    "oracle": SystemKind(fit_oracle, is_causal=False),
    "scsampler": SystemKind(fit_sampler, is_causal=False),
    "scsampler_ranking": SystemKind(fit_ranking_sampler, is_causal=False),
    "liteeval": SystemKind(fit_coarse_to_fine, is_causal=True),
    "hcms": SystemKind(fit_levels, is_causal=True),
    "listen_to_look": SystemKind(fit_looking, is_causal=False),
    "listen_to_look_previews": SystemKind(fit_previews, is_causal=False),
    "adaframe": SystemKind(fit_ada_frame, is_causal=False),
    "fast_forward": SystemKind(fit_fast_forward, is_causal=False),
    "frame_glimpse": SystemKind(fit_frame_glimpse, is_causal=False),
    "random_glimpse": SystemKind(fit_random_glimpse, is_causal=False),
    "adamml": SystemKind(fit_ours, is_causal=True),
}
