"""What an audio network is trained on when its sound is drawn anew in every epoch."""

from __future__ import annotations

import copy

import torch

from model.cores import num_cores
from model.networks.recognizer import Recognizer
from training.data import Data
from training.drawn_sound import DrawnSound
from training.engine import Engine
from training.recipe import UnimodalConfig
from training.rows import Rows
from training.soundtracks import Soundtracks
from training.stage_outputs import StagedRows
from training.unimodal_objective import Examples


def drawn_examples(
    recognizer: Recognizer, data: Data, config: UnimodalConfig, *, seed: int, engine: Engine
) -> Examples:
    """Every training video with sound, once; the views beside the first are of no use here."""
    first = data.train[0][1]
    items = [item for item in data.train if item[1] == first]
    heard = data.available(items)[..., data.names.index("audio")].any(dim=1)
    items = [item for item, has_sound in zip(items, heard.tolist(), strict=True) if has_sound]
    samples = [sample for sample, _ in items]
    tracks = Soundtracks(data.cache)
    # One process of each machine decodes; the others then find everything there.
    if engine.ranks.local_rank == 0:
        tracks.build(samples, workers=num_cores())
    engine.ranks.wait()
    files = tracks.build(samples, workers=1)
    rows: Rows = DrawnSound(files, data.cache.spec.inputs.audio, first.segments, config, seed)
    if config.frozen_stages is not None:
        # A copy: the trunk itself goes into training mode.
        frozen = copy.deepcopy(recognizer.trunk).eval()
        rows = StagedRows(rows, frozen, config.frozen_stages, engine)
    return Examples(
        inputs=rows,
        available=torch.ones(len(items), first.segments, dtype=torch.bool),
        targets=data.targets(items),
    )
