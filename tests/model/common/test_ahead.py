"""Working ahead: the thread that makes items also lets go of what they are made from."""

from __future__ import annotations

import threading

import pytest

from model.common.ahead import working_ahead


class Source:
    """Numbers; where its context was left is told."""

    def __init__(self, count=1000, error=None):
        self.count, self.error, self.left_in = count, error, None

    def items(self):
        try:
            yield from range(self.count)
            if self.error:
                raise self.error
        finally:
            self.left_in = threading.current_thread().name


def test_items_come_in_order_and_end():
    source, items = Source(10), []
    with working_ahead(source.items(), 3) as ahead:
        while some := ahead.ready(4):
            assert len(some) <= 4
            items += some
    assert items == list(range(10))
    assert source.left_in == "ahead"


def test_who_leaves_leaves_nothing_to_the_garbage_collector():
    source = Source()
    generator = source.items()
    with working_ahead(generator, 3) as ahead:
        ahead.ready(1)
    # The generator still has a name here.
    assert source.left_in == "ahead"
    assert next(generator, None) is None


def test_what_the_source_raises_is_raised_where_items_are_used():
    source = Source(2, error=ValueError("broken"))
    with working_ahead(source.items(), 3) as ahead:
        assert [ahead.ready(1), ahead.ready(1)] == [[0], [1]]
        with pytest.raises(ValueError, match="broken"):
            ahead.ready(1)
    assert source.left_in == "ahead"
