"""The asynchronous client has the same methods, and does the same."""

import asyncio
import inspect
import time

import pytest
from adamml_client import AsyncClient, Client, OverloadedError, Retries, StreamDroppedError
from cutting_proxy import CuttingProxy


def test_both_clients_have_the_same_methods():
    def methods(kind):
        return {
            name: [*inspect.signature(method).parameters]
            for name, method in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_")
        }

    assert methods(AsyncClient) == methods(Client)


def test_answers_streams_and_jobs(server, tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"video")

    async def visit():
        async with AsyncClient(server.url) as client:
            assert await client.is_ready()
            answer, model = await asyncio.gather(client.classify(path), client.model())
            events = [event["type"] async for event in client.stream(b"video", segments=2)]
            job = await client.submit(path, segments=2)
            followed = [event["type"] async for event in client.follow(job["id"])]
            ended = await client.wait(job["id"], poll_seconds=0.1)
            ids = [one["id"] async for one in client.jobs(limit=1)]
            return answer, model, events, followed, ended, ids

    answer, model, events, followed, ended, ids = asyncio.run(visit())

    assert answer["model"]["version"] == model["version"]
    assert events == followed == ["segment", "segment", "result"]
    assert ended["state"] == "succeeded"
    assert ids == [ended["id"]]


def test_429_is_tried_again_after_the_seconds_of_retry_after(narrow_server):
    server = narrow_server

    async def visit():
        async with (
            AsyncClient(server.url) as client,
            AsyncClient(server.url, retries=Retries(tries=1)) as hasty,
        ):
            slow = asyncio.create_task(client.classify(b"slow"))
            await asyncio.sleep(0.3)
            begun = time.monotonic()
            with pytest.raises(OverloadedError):
                await hasty.classify(b"video")
            await client.classify(b"video")
            await slow
            return time.monotonic() - begun

    assert asyncio.run(visit()) >= 1


def test_a_dropped_stream_and_a_job_that_goes_on(server):
    async def visit():
        proxy = CuttingProxy(server.port, cut_after=3000)
        async with AsyncClient(proxy.url, retries=Retries(first_wait_seconds=0.01)) as client:
            with pytest.raises(StreamDroppedError) as caught:
                [event async for event in client.stream(b"video", segments=20)]
            job = await client.submit(b"video", segments=20)
            await client.wait(job["id"], poll_seconds=0.1)
        proxy.close()
        other = CuttingProxy(server.port, cut_after=3000)
        async with AsyncClient(other.url, retries=Retries(first_wait_seconds=0.01)) as client:
            events = [event async for event in client.follow(job["id"])]
        other.close()
        return caught.value, events

    dropped, events = asyncio.run(visit())

    assert 0 < len(dropped.segments) < 20
    assert [event["index"] for event in events[:-1]] == list(range(20))
