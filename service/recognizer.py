"""Recognizer: what the service needs of a classifier, so that tests can put a fake in its place."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Protocol

from model.common.deadline import Deadline
from model.inference.classification import Classification, ClassifyOptions, OnOpened, SegmentResult
from model.inference.options import MAX_STREAM_SEGMENTS
from model.spec.model_spec import ModelSpec


class Recognizer(Protocol):
    """`stream` blocks, may be called from any thread, and raises ClassificationError."""

    @property
    def spec(self) -> ModelSpec: ...

    @property
    def version(self) -> str: ...

    @property
    def sandbox(self) -> str: ...

    @property
    def decoder_version(self) -> str: ...

    def warm_up(self) -> None: ...

    def stream(
        self,
        path: Path,
        options: ClassifyOptions | None = None,
        *,
        deadline: Deadline | None = None,
        on_stage: Callable[[str, float], None] | None = None,
        on_opened: OnOpened | None = None,
        max_segments: int = MAX_STREAM_SEGMENTS,
    ) -> Generator[SegmentResult | Classification, None, None]:
        """The segments' results, then the whole answer."""
        ...


RecognizerLoader = Callable[[], Recognizer]
