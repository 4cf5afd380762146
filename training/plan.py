"""What a training run is going to do, and about how long it takes: told before it begins."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from model.common.cores import num_cores
from model.networks.adamml import AdaMML
from model.spec.dummy_inputs import Role, dummy_inputs
from model.spec.model_spec import Modality, ModelSpec
from training.configuration.config import TrainConfig
from training.data.cache import InputCache
from training.data.run_data import decoded_views
from training.data.sources.manifest import Manifest
from training.joint.schedule import joint_epochs, num_passes
from training.run.engine import Engine

# Forward and backward take about three times as long as forward alone.
_TRAINING_FACTOR = 3.0
# A step on features: two small layers and an LSTM, forward and backward, two AVX2 cores.
_FEATURE_STEP_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class Step:
    """Something that takes time; None: cannot be told before something like it was done."""

    what: str
    seconds: float | None


def describe(steps: list[Step]) -> str:
    """One line: the whole, and its parts."""
    parts = "; ".join(f"{one.what} ({_in_words(one.seconds)})" for one in steps)
    whole = _in_words(sum(one.seconds or 0.0 for one in steps))
    return f"about {whole} in all: {parts}"


def _in_words(seconds: float | None) -> str:
    """
    >>> [_in_words(value) for value in (None, 20.0, 90.0, 600.0, 9000.0)]
    ['not known', '1 min', '2 min', '10 min', '2.5 h']
    """
    if seconds is None:
        return "not known"
    if seconds < 45:
        return "1 min"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def plan(
    config: TrainConfig, manifest: Manifest, input_spec: ModelSpec, model: AdaMML, engine: Engine
) -> list[Step]:
    """Of a run from its beginning, but for what is decoded already. What it takes is measured: two
    videos are decoded, which are then there, and each network runs on one video."""
    sizes = _Sizes.of(config, manifest, model.spec)
    cache = InputCache(config.data.cache, input_spec, config.data.limits)
    steps = [_decoding(config, manifest, cache, model.spec)]
    timer = _Timer(model, engine)
    steps += [_alone(config, name, timer, sizes) for name in model.spec.modality_names]
    steps.append(_joint(config, timer, sizes))
    return steps


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Segments of all training views, of validation, and of validation for the curve."""

    train: int
    val: int
    curve: int
    videos: int

    @classmethod
    def of(cls, config: TrainConfig, manifest: Manifest, spec: ModelSpec) -> _Sizes:
        videos, val = len(manifest.split("train")), len(manifest.split("val"))
        views = videos * config.data.train_views
        curve = {*config.data.curve_segments} - {spec.eval_segments}
        return cls(
            train=views * spec.train_segments,
            val=val * spec.eval_segments,
            curve=val * sum(curve),
            videos=views,
        )


def _decoding(config: TrainConfig, manifest: Manifest, cache: InputCache, spec: ModelSpec) -> Step:
    workers = config.data.workers or num_cores()
    jobs = [
        (sample, view)
        for split, views in decoded_views(config.data, spec).items()
        for view in views
        for sample in manifest.split(split)
    ]
    missing = [job for job in jobs if not _is_there(cache.file, *job)]
    what = f"decode {len(missing)} of {len(jobs)} views"
    if not missing:
        return Step(what, 0.0)
    first = list(dict.fromkeys(sample for sample, _ in missing))[:workers]
    views = [view for sample, view in missing if sample == first[0]]
    try:
        seconds = _seconds(lambda: cache.build(first, views, workers=workers, name="first"))
    except ValueError:  # Not one of them could be decoded: which building everything tells.
        return Step(what, None)
    return Step(what, seconds * len(missing) / (len(first) * len(views)))


def _is_there(file: Callable[..., Path], *job: object) -> bool:
    try:
        return file(*job).exists()
    except OSError:
        return False


class _Timer:
    """Seconds that networks take for one segment."""

    def __init__(self, model: AdaMML, engine: Engine) -> None:
        self._model = model.eval()
        self._engine = engine

    def recognizer(self, name: Modality, frozen_stages: int | None) -> tuple[float, float]:
        """Its frozen stages, and the rest."""
        trunk = self._model.recognizer(name).trunk
        inputs = self._inputs(name, "recognizer")
        if frozen_stages is None:
            return 0.0, self._segment(lambda: trunk(inputs))
        stage = min(frozen_stages, trunk.num_stages)
        frozen = self._segment(lambda: trunk.forward_to(inputs, stage))
        with torch.no_grad():
            handed_on = trunk.forward_to(inputs, stage)
        return frozen, self._segment(lambda: trunk.forward_from(handed_on, stage))

    def recognizers(self) -> float:
        return sum(sum(self.recognizer(name, None)) for name in self._model.spec.modality_names)

    def branches(self) -> float:
        names = self._model.spec.modality_names
        policy = self._model.policy
        pairs = [(policy.branch(name), self._inputs(name, "policy")) for name in names]
        return sum(self._segment(partial(branch, inputs)) for branch, inputs in pairs)

    def _inputs(self, name: Modality, role: Role) -> Tensor:
        """Of one training video."""
        spec = self._model.spec
        inputs = dummy_inputs(spec, name, role=role, rows=spec.train_segments)
        return torch.from_numpy(inputs).to(self._engine.hardware.device)

    @torch.no_grad()
    def _segment(self, forward: Callable[[], Tensor]) -> float:
        """The least of three tries: others may use the machine."""

        def run() -> float:
            with self._engine.hardware.autocast():
                # Reading a value waits for a GPU.
                return float(forward().float().sum())

        run()
        return min(_seconds(run) for _ in range(3)) / self._model.spec.train_segments


def _alone(config: TrainConfig, name: Modality, timer: _Timer, sizes: _Sizes) -> Step:
    settings = config.unimodal[name]
    frozen, rest = timer.recognizer(name, settings.frozen_stages)
    if not settings.trains_trunk:
        frozen, rest = frozen + rest, 0.0
    once = frozen * (sizes.train + sizes.val)
    if settings.draws_sound:
        once *= settings.epochs
    epoch = rest * (_TRAINING_FACTOR * sizes.train + sizes.val)
    what = f"train {name} alone, {settings.epochs} epochs of {sizes.videos} views"
    return Step(what, once + settings.epochs * epoch)


def _joint(config: TrainConfig, timer: _Timer, sizes: _Sizes) -> Step:
    joint = config.joint
    epochs = joint_epochs(joint)
    passes = num_passes(epochs, joint)
    branches = timer.branches()
    networks = branches + timer.recognizers()
    if joint.end_to_end:
        seconds = passes * _TRAINING_FACTOR * networks * sizes.train
        seconds += len(epochs) * networks * sizes.val
    else:
        seconds = branches * (sizes.train + sizes.val)
        seconds += passes * sizes.videos / joint.batch_videos * _FEATURE_STEP_SECONDS
    return Step(
        f"train policy and recognition together, {len(epochs)} epochs, and measure the curve",
        seconds + networks * sizes.curve,
    )


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
