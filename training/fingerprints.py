"""What each stage of a run depends on, besides the program itself."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from model.spec.model_spec import Modality, ModelSpec
from training.configuration.config import TrainConfig
from training.data.cache import Item
from training.data.run_data import RunData
from training.run.engine import Engine
from training.run.fingerprint import Fingerprint, fingerprint_of

# Of a spec: the name is free, costs follow from the rest, the others are results.
NOT_FINGERPRINTED = {"name", "costs", "curve", "provenance", "threshold", "served_segments"}
NOT_FINGERPRINTED |= {"clip_seconds"}


@dataclass(frozen=True, slots=True)
class RunFingerprints:
    """Fingerprints of one run, by stage: a stage's state stays usable when only others change."""

    config: TrainConfig
    spec: ModelSpec
    data: Fingerprint
    engine: Fingerprint

    @classmethod
    def of(
        cls, config: TrainConfig, spec: ModelSpec, data: RunData, engine: Engine
    ) -> RunFingerprints:
        splits = {"data.train": data.train, "data.val": data.val}
        digests = {name: _digest(data, items) for name, items in splits.items()}
        return cls(config, spec, digests, engine.fingerprint())

    def unimodal(self, name: Modality) -> Fingerprint:
        """Of one recognition network alone: nothing of the other modalities, nor of the policy."""
        spec = self.spec
        modality = spec.modality(name)
        seen = {
            "recognizer": modality.recognizer,
            "inputs": spec.inputs,
            "labels": spec.labels,
            "segments": (spec.train_segments, spec.eval_segments),
        }
        fingerprints = [fingerprint_of(f"spec.{key}", value) for key, value in seen.items()]
        fingerprints.append(fingerprint_of(f"unimodal.{name}", self.config.unimodal[name]))
        return _merged(*fingerprints, self._shared())

    def joint(self) -> Fingerprint:
        spec = self.spec.model_dump(mode="json", exclude=NOT_FINGERPRINTED)
        return _merged(
            fingerprint_of("spec", spec),
            fingerprint_of(
                "unimodal", {name: self.config.unimodal[name] for name in self.spec.modality_names}
            ),
            fingerprint_of("joint", self.config.joint),
            self._shared(),
        )

    def _shared(self) -> Fingerprint:
        return {"seed": str(self.config.seed), **self.data, **self.engine}


def _merged(*fingerprints: Fingerprint) -> Fingerprint:
    return {name: text for some in fingerprints for name, text in some.items()}


def _digest(data: RunData, items: Sequence[Item]) -> str:
    """Of the videos' bytes, views and labels in order; the cache's keys say the first two."""
    targets = data.targets(items).tolist()
    lines = [
        f"{data.cache.file(sample, view).name} {target}"
        for (sample, view), target in zip(items, targets, strict=True)
    ]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
    return f"{len(items)} views, {digest}"
