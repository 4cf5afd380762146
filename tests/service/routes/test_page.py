"""The page: its files, the policy that it is under, and how much a first view takes."""

from __future__ import annotations

import gzip
import re
from importlib.resources import files

import pytest

FOLDER = files("service").joinpath("page")
SCRIPTS = sorted(entry.name for entry in FOLDER.iterdir() if entry.name.endswith(".js"))
MAX_FIRST_VIEW_BYTES = 150_000
# What a server may send before the first acknowledgement: ten segments (RFC 6928).
INITIAL_WINDOW_BYTES = 10 * 1460


def named_in(document):
    return re.findall(r"(?:src|href)=\"([^#\"]+)\"", document)


def test_addresses_are_relative_and_lead_somewhere(client):
    response = client.get("/")

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    for address in set(named_in(response.text)):
        assert not address.startswith(("/", "http")), address
        assert client.get(f"/{address}").status_code == 200, address


def test_every_module_is_fetched_at_once(client):
    """A module that only another one names would wait for that one."""
    preloaded = re.findall(r"rel=\"modulepreload\" href=\"page/(\w+\.js)\"", client.get("/").text)

    # Of /docs.
    assert sorted([*preloaded, "app.js", "docs.js"]) == SCRIPTS


def test_policy_allows_the_pages_own_files_only(client):
    response = client.get("/")
    policy = dict(
        part.split(" ", 1) for part in response.headers["content-security-policy"].split("; ")
    )

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in response.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*src=)|<style|style=|\son\w+=", response.text)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_make_no_markup_of_text(name):
    text = FOLDER.joinpath(name).read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", text)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)


def test_first_view_is_small(client):
    document = client.get("/")
    addresses = {address for address in named_in(document.text) if address.startswith("page/")}
    sizes = [int(client.get(f"/{address}").headers["content-length"]) for address in addresses]

    assert int(document.headers["content-length"]) < INITIAL_WINDOW_BYTES
    assert sum(sizes) + len(document.content) < MAX_FIRST_VIEW_BYTES / 2


def test_files_are_compressed_for_those_who_ask(client):
    packed = client.get("/page/app.js", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/page/app.js", headers={"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert packed.content == plain.content == FOLDER.joinpath("app.js").read_bytes()
    assert len(gzip.compress(plain.content)) < len(plain.content) / 2


def test_what_has_not_changed_is_not_sent_again(client):
    first = client.get("/page/base.css")
    again = client.get("/page/base.css", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["types.d.ts", "nothing.js", "..%2Fapp.py"])
def test_nothing_else_is_served(client, name):
    assert client.get(f"/page/{name}").status_code == 404
