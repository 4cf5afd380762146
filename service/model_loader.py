"""ModelLoader: the model that a process serves, loaded at the start and changed while it serves."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable

from fastapi import Request

from service.problems.errors import ModelNotLoadedError
from service.recognizer import Recognizer, RecognizerLoader
from service.state import Service
from service.threads import in_thread

logger = logging.getLogger(__name__)


class ModelLoader:
    """`tell_others` has the other processes of this service change their models, too."""

    def __init__(
        self,
        service: Service,
        load: RecognizerLoader,
        *,
        give_memory_back: Callable[[], None] = lambda: None,
    ) -> None:
        self.tell_others: Callable[[], None] = lambda: None
        self._service = service
        self._load = load
        self._give_memory_back = give_memory_back
        # Two models at once, never three.
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """The first model; without one the service ends."""
        async with self._lock:
            try:
                recognizer = await in_thread(self._service.executor, self._load_and_warm_up)
            except Exception as error:
                logger.exception("the model could not be loaded")
                self._service.lifecycle.fail(error)
                return
            self._serve(recognizer)
            self._service.lifecycle.ready()
            logger.info("ready", extra={"fields": _fields(recognizer)})

    async def reload(self) -> tuple[str, Recognizer]:
        """Load the file anew beside the old model, then switch; the old version and the new model.

        Requests keep the model that they began with. Raises ModelNotLoadedError, and the old
        model stays; NotReadyError or ShuttingDownError when there is nothing to change.
        """
        async with self._lock:
            self._service.lifecycle.require_open()
            old = self._service.require_recognizer().version
            try:
                recognizer = await in_thread(None, self._load_and_warm_up)
            except Exception as error:
                fields = {"error": str(error), "model_version": old}
                logger.exception("the old model stays: no other loads", extra={"fields": fields})
                raise ModelNotLoadedError(f"{error}; {old} still answers") from error
            self._serve(recognizer)
            logger.info("the model was changed", extra={"fields": _fields(recognizer)})
            await in_thread(None, self._let_go)
            return old, recognizer

    def _load_and_warm_up(self) -> Recognizer:
        recognizer = self._load()
        if not is_complete(recognizer.sandbox):
            logger.warning("decoders run without all of the kernel's sandbox, see docs/security.md")
        recognizer.warm_up()
        return recognizer

    def _serve(self, recognizer: Recognizer) -> None:
        metrics, old = self._service.metrics, self._service.recognizer
        if old is not None:
            # Removed it would stay in the files of several workers.
            metrics.model_info.labels(old.spec.name, old.version).set(0)
        metrics.model_info.labels(recognizer.spec.name, recognizer.version).set(1)
        metrics.decoder_info.labels(recognizer.decoder_version).set(1)
        metrics.decoder_sandboxed.set(is_complete(recognizer.sandbox))
        self._service.recognizer = recognizer

    def _let_go(self) -> None:
        gc.collect()
        self._give_memory_back()


def is_complete(sandbox: str) -> bool:
    """Whether both parts stand, as the classifier names them."""
    return "landlock" in sandbox and "seccomp" in sandbox


def _fields(recognizer: Recognizer) -> dict[str, str]:
    return {
        "model": recognizer.spec.name,
        "model_version": recognizer.version,
        "decoder": recognizer.decoder_version,
        "sandbox": recognizer.sandbox,
    }


def model_loader_of(request: Request) -> ModelLoader:
    loader: ModelLoader = request.app.state.model_loader
    return loader
