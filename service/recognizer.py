"""Recognizer: what the service needs of a classifier, so that tests can put a fake in its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from model.common.deadline import Deadline
from model.inference.classification import Classification, ClassifyOptions
from model.spec.model_spec import ModelSpec


class Recognizer(Protocol):
    """`classify` blocks, may be called from any thread, and raises ClassificationError."""

    @property
    def spec(self) -> ModelSpec: ...

    @property
    def version(self) -> str: ...

    @property
    def decoder_version(self) -> str: ...

    def warm_up(self) -> None: ...

    def classify(
        self,
        path: Path,
        options: ClassifyOptions | None = None,
        *,
        deadline: Deadline | None = None,
        on_stage: Callable[[str, float], None] | None = None,
    ) -> Classification: ...


RecognizerLoader = Callable[[], Recognizer]
