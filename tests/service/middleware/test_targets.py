"""Targets in absolute form, by a raw connection: clients do not send them to an origin."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from server_process import ServerProcess

COMMAND = [sys.executable, Path(__file__).parents[1] / "serve_fake.py"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = ServerProcess(COMMAND, tmp_path_factory.mktemp("server"))
    yield server.wait_until_ready()
    server.kill()


def answer(server, target, method="GET"):
    """The status line and the content."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        received = b""
        while piece := connection.recv(65536):
            received += piece
    head, _, content = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), content


@pytest.mark.parametrize(
    ("absolute", "origin"),
    [
        ("http://any.host/livez", "/livez"),
        ("HTTPS://any.host:8443/model?x=1", "/model?x=1"),
        ("http://any.host/jobs/a%20b", "/jobs/a%20b"),
        ("http://any.host", "/"),
    ],
)
def test_it_means_its_path(server, absolute, origin):
    status, content = answer(server, absolute)
    assert status == answer(server, origin)[0]
    assert content[:60] == answer(server, origin)[1][:60]


def test_an_address_in_a_path_is_none(server):
    assert answer(server, "/http://any.host/livez")[0] == 404
