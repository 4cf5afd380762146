"""What a proxy of Ray Serve says by itself becomes a problem; everything else passes."""

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from service.ray_proxy import ProxyProblems

ID = {"x-request-id": "an-id"}


def refused(status):
    async def endpoint(request):
        return PlainTextResponse("too many", status, headers={**ID, "retry-after": "5"})

    return endpoint


async def answered(request):
    response = JSONResponse({"label": "Archery"})
    response.raw_headers += [(b"x-request-id", b"an-id"), (b"x-request-id", b"an-id")]
    return response


async def replicas_problem(request):
    media_type = "application/problem+json"
    return JSONResponse({"code": "empty_upload"}, 422, media_type=media_type)


class _Silent:
    """Ray's proxy, when the replica of a request has died."""

    async def __call__(self, scope, receive, send):
        return


ROUTES = [
    *(Route(f"/refused/{status}", refused(status)) for status in (404, 408, 429, 503)),
    Route("/v2/models/av13/infer", refused(429)),
    Route("/answered", answered),
    Route("/problem", replicas_problem),
    Route("/-/healthz", refused(503)),
    Route("/lost", _Silent()),
]


@pytest.fixture
def client():
    return TestClient(ProxyProblems(Starlette(routes=ROUTES)))


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "not_found"), (408, "deadline_exceeded"), (429, "overloaded"), (503, "not_ready")],
)
def test_a_refusal_is_a_problem(client, status, code):
    answer = client.get(f"/refused/{status}")

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "5"
    assert (answer.json()["code"], answer.json()["detail"]) == (code, "too many")
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == "an-id"


def test_under_v2_it_is_what_the_protocol_says(client):
    answer = client.get("/v2/models/av13/infer")
    assert (answer.status_code, answer.json()) == (429, {"error": "overloaded: too many"})


def test_a_request_whose_replica_died_has_an_answer(client):
    answer = client.get("/lost", headers=ID)

    assert answer.status_code == 500
    assert (answer.json()["code"], answer.json()["request_id"]) == ("internal_error", "an-id")


def test_answers_and_problems_of_replicas_pass_with_one_id(client):
    answer, problem = client.get("/answered"), client.get("/problem")

    assert answer.json() == {"label": "Archery"}
    assert answer.headers.get_list("x-request-id") == ["an-id"]
    assert (problem.status_code, problem.json()) == (422, {"code": "empty_upload"})


def test_rays_own_routes_are_left_alone(client):
    assert client.get("/-/healthz").text == "too many"
