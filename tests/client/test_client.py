"""The synchronous client against the service: answers, streams, jobs, refusals, cut connections."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from adamml_client import (
    Client,
    InvalidParameterError,
    JobNotFoundError,
    OverloadedError,
    ProblemError,
    Retries,
    StreamDroppedError,
    errors,
)
from cutting_proxy import CuttingProxy

from service.problems.problems import KINDS


@pytest.fixture
def client(server):
    with Client(server.url) as client:
        yield client


@pytest.fixture
def busy(narrow_server):
    """A server whose only place is taken for a second."""
    server = narrow_server
    with ThreadPoolExecutor() as pool, Client(server.url) as client:
        taken = pool.submit(client.classify, b"slow")
        time.sleep(0.3)
        yield server
        taken.result()


def test_each_code_of_the_service_has_its_exception():
    assert set(errors.CLASSES) == set(KINDS)


def test_classify_takes_bytes_and_paths(client, tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"video")

    answer = client.classify(path, segments=4, top_k=1)

    assert [one["label"] for one in answer["predictions"]] == ["Bowling"]
    assert len(answer["segments"]) == 4
    again = client.classify(b"video", segments=4, top_k=1)
    assert again["segments"] == answer["segments"]


def test_the_answer_in_googles_shape(client):
    (result,) = client.classify_google(b"video", top_k=1)["annotationResults"]

    (label,) = result["segmentLabelAnnotations"]
    assert label["entity"]["description"] == "Bowling"


def test_stream_gives_each_segment_then_the_result(client):
    events = list(client.stream(b"video", segments=3))

    assert [event["type"] for event in events] == ["segment"] * 3 + ["result"]
    assert [event["index"] for event in events[:3]] == [0, 1, 2]


def test_a_problem_is_an_exception_of_its_code(client):
    with pytest.raises(InvalidParameterError, match="segments is '99'") as caught:
        client.classify(b"video", segments=99)

    assert (caught.value.code, caught.value.status) == ("invalid_parameter", 422)
    assert caught.value.request_id
    with pytest.raises(JobNotFoundError):
        client.job("01M8CCWCJJN9R1EAZY2T1RXFCF")


def test_429_is_tried_again_after_the_seconds_of_retry_after(busy):
    with Client(busy.url) as client:
        start = time.monotonic()
        answer = client.classify(b"video")

    assert answer["predictions"]
    # The service says whole seconds, at least one.
    assert time.monotonic() - start >= 1


def test_429_is_raised_with_its_seconds_where_no_try_is_left(busy):
    with (
        Client(busy.url, retries=Retries(tries=1)) as client,
        pytest.raises(OverloadedError) as caught,
    ):
        client.classify(b"video")

    assert caught.value.retry_after_seconds >= 1


def test_a_wait_that_is_longer_than_allowed_is_not_begun(busy):
    with (
        Client(busy.url, retries=Retries(max_wait_seconds=0.5)) as client,
        pytest.raises(OverloadedError),
    ):
        client.classify(b"video")


def test_a_job_from_submission_to_result(client):
    job = client.submit(b"video", segments=2, idempotency_key="the same")
    again = client.submit(b"video", segments=2, idempotency_key="the same")

    assert again["id"] == job["id"]
    assert [event["type"] for event in client.follow(job["id"])] == ["segment"] * 2 + ["result"]
    ended = client.wait(job["id"], poll_seconds=0.1)
    assert ended["state"] == "succeeded"
    assert len(ended["result"]["segments"]) == 2


def test_pages_of_jobs_are_one_iterator(client):
    ids = [client.submit(b"video")["id"] for _ in range(3)]

    assert [job["id"] for job in client.jobs(limit=1)][:3] == ids[::-1]
    client.wait(ids[-1], poll_seconds=0.1)
    client.cancel(ids[-1])
    with pytest.raises(JobNotFoundError):
        client.job(ids[-1])


@pytest.fixture
def cut(server):
    proxies = []

    def make(num_bytes):
        proxies.append(CuttingProxy(server.port, cut_after=num_bytes))
        return proxies[-1].url

    yield make
    for proxy in proxies:
        proxy.close()


def test_a_dropped_stream_says_so_and_keeps_its_segments(cut):
    with Client(cut(3000)) as client, pytest.raises(StreamDroppedError) as caught:
        list(client.stream(b"video", segments=20))

    assert 0 < len(caught.value.segments) < 20


def test_following_a_job_goes_on_where_it_was_cut(cut, server):
    with Client(server.url) as client:
        job = client.submit(b"video", segments=20)
        client.wait(job["id"], poll_seconds=0.1)

    with Client(cut(3000), retries=Retries(first_wait_seconds=0.01)) as client:
        events = list(client.follow(job["id"]))

    assert [event["index"] for event in events[:-1]] == list(range(20))
    assert events[-1]["type"] == "result"


def test_where_nobody_listens_it_is_tried_again_then_raised():
    with Client("http://127.0.0.1:9", retries=Retries(2, first_wait_seconds=0.01)) as client:
        assert not client.is_ready()
        with pytest.raises(httpx.ConnectError):
            client.model()


def test_a_proxys_own_error_is_a_problem_without_a_code():
    transport = httpx.MockTransport(lambda request: httpx.Response(502, text="<html>"))
    with (
        Client("http://proxy", transport=transport) as client,
        pytest.raises(ProblemError) as caught,
    ):
        client.model()

    assert (caught.value.code, caught.value.status) == ("unknown", 502)


def test_a_key_is_sent_with_everything(server):
    seen = []

    def answer(request):
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={})

    with Client(server.url, key="adamml_0_x", transport=httpx.MockTransport(answer)) as client:
        client.model()
    assert seen == ["Bearer adamml_0_x"]
