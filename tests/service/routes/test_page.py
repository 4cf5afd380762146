"""The web page: self-contained, and allowed to be nothing else."""

from __future__ import annotations

import re


def test_page_is_self_contained(client):
    response = client.get("/")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert re.findall(r"(?:src|href)=\"(.*?)\"", response.text) == ["docs", "model", "metrics"]
    assert "http" not in response.text.replace("http-equiv", "")
    assert "innerHTML" not in response.text


def test_policy_allows_the_pages_own_code_only(client):
    policy = client.get("/").headers["content-security-policy"]

    assert policy.startswith("default-src 'none'; connect-src 'self'")
    assert len(re.findall(r"-src 'sha256-[\w+/]{43}='", policy)) == 2
    assert "unsafe" not in policy


def test_page_has_a_field_for_a_key(client):
    assert '<input id="key" type="password"' in client.get("/").text
