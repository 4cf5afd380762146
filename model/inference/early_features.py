"""EarlyFeatures: policy features of segments, computed while others are still being decoded."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import numpy as np

from model.common.deadline import Deadline
from model.inference.pieces import POLICY_ROWS_AT_ONCE, pieces
from model.inputs.video_inputs import VideoInputs
from model.runtime.base import Array, Runtime
from model.spec.model_spec import Modality


class EarlyFeatures:
    """Leaving its context drops what has not begun.

    What is offered early is a guess, so it is used only where the very same frames and sound are
    the video's in the end: answers do not depend on what came early. What a damaged file had
    computed in vain is not counted as spent, so no ceiling may depend on it.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        # One: segments come one after the other, and decoding needs the other cores.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="early")
        self._pending: list[Future[None]] = []
        self._known: dict[tuple[Modality, int], tuple[VideoInputs, Array]] = {}

    def __enter__(self) -> EarlyFeatures:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def offer(self, video: VideoInputs, names: Sequence[Modality], rows: Sequence[int]) -> None:
        """Segments `rows` of which `video` has the inputs of the policy's branches `names`. Comes
        from any thread, and returns at once."""
        for name in names:
            self._pending.append(self._pool.submit(self._compute, video, name, rows))

    def of(self, video: VideoInputs, name: Modality, deadline: Deadline) -> Array:
        """(S, D) features of the whole video: those that are there, and the others computed now.

        Raises what computing them early raised, and DeadlineExceededError.
        """
        for future in self._pending:
            deadline.check()
            future.result()
        self._pending.clear()
        known = {row: self._of_same(video, name, row) for row in range(len(video.segments))}
        missing = [row for row, features in known.items() if features is None]
        for rows in pieces(missing, self._runtime, deadline, size=POLICY_ROWS_AT_ONCE):
            computed = self._runtime.policy_features(name, video.policy_inputs(name, rows))
            known.update(zip(rows, computed, strict=True))
        return np.stack([features for features in known.values() if features is not None])

    def _compute(self, video: VideoInputs, name: Modality, rows: Sequence[int]) -> None:
        features = self._runtime.policy_features(name, video.policy_inputs(name, rows))
        for row, of_row in zip(rows, features, strict=True):
            self._known[name, row] = video, of_row

    def _of_same(self, video: VideoInputs, name: Modality, row: int) -> Array | None:
        seen, features = self._known.get((name, row), (None, None))
        same = seen is not None and video.shows_policy_the_same(seen, name, row)
        return features if same else None
