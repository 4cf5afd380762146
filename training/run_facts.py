"""What each stage of a run depends on, besides the program itself."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from model.spec import Modality, ModelSpec
from training.config import TrainConfig
from training.data import Data
from training.facts import Facts, facts_of
from training.stage_outputs import Item

# Of a spec: the name is free, costs follow from the rest, the others are results.
NOT_FACTS = {"name", "costs", "curve", "provenance", "threshold"}


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The facts of one run, by stage: a stage's state stays usable when only others change."""

    config: TrainConfig
    spec: ModelSpec
    data: Facts

    @classmethod
    def of(cls, config: TrainConfig, spec: ModelSpec, data: Data) -> RunFacts:
        splits = {"data.train": data.train, "data.val": data.val}
        return cls(config, spec, {name: _digest(data, items) for name, items in splits.items()})

    def unimodal(self, name: Modality) -> Facts:
        """Of one recognition network alone: nothing of the other modalities, nor of the policy."""
        spec = self.spec
        modality = spec.modalities[spec.modality_names.index(name)]
        seen = {
            "recognizer": modality.recognizer,
            "inputs": spec.inputs,
            "labels": spec.labels,
            "segments": (spec.train_segments, spec.eval_segments),
        }
        facts = [facts_of(f"spec.{key}", value) for key, value in seen.items()]
        facts.append(facts_of(f"unimodal.{name}", self.config.unimodal[name]))
        return _merged(*facts, {"seed": str(self.config.seed)}, self.data)

    def joint(self) -> Facts:
        spec = self.spec.model_dump(mode="json", exclude=NOT_FACTS)
        return _merged(
            facts_of("spec", spec),
            facts_of("unimodal", self.config.unimodal),
            facts_of("joint", self.config.joint),
            {"seed": str(self.config.seed)},
            self.data,
        )


def _merged(*facts: Facts) -> Facts:
    return {name: text for some in facts for name, text in some.items()}


def _digest(data: Data, items: Sequence[Item]) -> str:
    """Of the videos' bytes, views and labels in order; the cache's keys say the first two."""
    lines = [
        f"{data.cache.file(sample, view).name} {data.manifest.index(sample)}"
        for sample, view in items
    ]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
    return f"{len(items)} views, {digest}"
