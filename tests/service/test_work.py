"""Work that fails in the midst of a stream lets go of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.common.deadline import Deadline
from model.inference.classification import ClassifyOptions
from service.observability.record import RequestRecord
from service.work import Work


def test_a_stream_is_closed_where_telling_of_a_segment_fails(make_app, recognizer, monkeypatch):
    closed = []
    stream = recognizer.stream

    def watched(*arguments, **options):
        try:
            yield from stream(*arguments, **options)
        finally:
            closed.append(True)

    def failing(segment):
        raise ConnectionError("the client has left")

    monkeypatch.setattr(recognizer, "stream", watched)
    service = make_app().state.service
    record = RequestRecord("id", "POST")
    work = Work(service, recognizer, ClassifyOptions(), Deadline(60), record)

    with pytest.raises(ConnectionError) as error:
        work.classify(Path("clip.mp4"), failing)

    # Its frames are still held by the error, as they are while it is being told of.
    assert error.traceback
    assert closed == [True]
