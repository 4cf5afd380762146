"""Bodies: every way to send a video, every way to send something else, and nothing left behind."""

from __future__ import annotations

import gzip
import os
import stat

import pytest
from fake_recognizer import wait_until

BOUNDARY = "frontier"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
VIDEO = {"content-type": "video/mp4"}
LIMIT = 100_000  # the fixtures' max_upload_bytes


def part(name, content, *, extra=""):
    disposition = f'Content-Disposition: form-data; name="{name}"; filename="a.mp4"'
    return f"--{BOUNDARY}\r\n{disposition}\r\n{extra}\r\n".encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def chunks_of(body, size):
    for start in range(0, len(body), size):
        yield body[start : start + size]


@pytest.fixture
def received(recognizer):
    """Content and mode of each file that the recognizer was given."""
    seen = []
    recognizer.inspect = lambda path: seen.append(
        (path.name, path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
    )
    return seen


@pytest.mark.parametrize(
    "content_type", ["video/mp4", "VIDEO/X-Matroska; codecs=vp9", "application/octet-stream"]
)
def test_raw_body_is_the_video(client, received, content_type):
    response = client.post("/classify", content=b"video", headers={"content-type": content_type})

    assert response.status_code == 200
    assert received[0][1] == b"video"


def test_file_is_private_and_named_by_the_server(client, received, tmp_path):
    client.post("/classify", files={"file": ("../../etc/evil.m3u8", b"video", "video/mp4")})

    name, _, mode = received[0]
    assert mode == 0o600
    assert len(name) == 32
    assert "." not in name
    (directory,) = tmp_path.iterdir()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


@pytest.mark.parametrize("chunk_size", [1, 7, 64, 10_000])
def test_form_is_read_however_it_is_cut(client, received, chunk_size):
    """The content holds what looks like the beginning of a boundary."""
    content = b"\r\n--frontie\r\n--front\r" * 40
    body = part("note", b"x") + part("file", content) + part("other", b"y") + END

    response = client.post("/classify", content=chunks_of(body, chunk_size), headers=FORM)

    assert response.status_code == 200
    assert received[0][1] == content


def test_large_body_arrives_whole(make_client, received):
    content = bytes(range(256)) * 4096 * 3
    with make_client(max_upload_bytes=len(content)) as client:
        raw = client.post("/classify", content=content, headers=VIDEO)
        form = client.post("/classify", files={"file": content})

    assert (raw.status_code, form.status_code) == (200, 200)
    assert [entry[1] for entry in received] == [content, content]


def problem(response, status, code):
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, body["status"], body["code"]) == (status, status, code), body
    assert set(body) == {"type", "title", "status", "detail", "code", "request_id"}
    assert body["request_id"] == response.headers["x-request-id"]
    return body


def test_announced_size_is_refused_before_a_byte_is_read(client, recognizer):
    response = client.post("/classify", content=b"x" * (LIMIT + 1), headers=VIDEO)

    assert str(LIMIT) in problem(response, 413, "upload_too_large")["detail"]
    assert recognizer.calls == []


@pytest.mark.parametrize("headers", [VIDEO, {**VIDEO, "content-length": "10"}])
def test_unannounced_size_is_refused_as_it_arrives(client, uploads, headers):
    """Chunked, or with a Content-Length that lies: only the bytes that arrive count."""
    body = chunks_of(b"x" * 3 * LIMIT, 1000)

    response = client.post("/classify", content=body, headers=headers)

    problem(response, 413, "upload_too_large")
    assert uploads() == []


def test_unannounced_form_is_refused_as_it_arrives(client, uploads):
    body = part("file", b"x" * (LIMIT + 1)) + END

    response = client.post("/classify", content=chunks_of(body, 1000), headers=FORM)

    problem(response, 413, "upload_too_large")
    assert uploads() == []


def test_form_may_be_as_large_as_its_file_allows(client):
    response = client.post("/classify", files={"file": b"x" * LIMIT})

    assert response.status_code == 200


@pytest.mark.parametrize("content_length", ["abc", "-1", "9" * 400])
def test_nonsensical_content_length_does_no_harm(client, content_length):
    headers = {**VIDEO, "content-length": content_length}

    response = client.post("/classify", content=chunks_of(b"video", 2), headers=headers)

    assert response.status_code in (200, 413)


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "image/png", "application/x-www-form-urlencoded", "video"]
)
def test_other_media_types_are_refused(client, content_type):
    headers = {} if content_type is None else {"content-type": content_type}

    response = client.post("/classify", content=b"video", headers=headers)

    detail = problem(response, 415, "unsupported_media_type")["detail"]
    assert "multipart/form-data" in detail
    assert repr(content_type or "") in detail


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate", "GZIP", "identity, gzip"])
@pytest.mark.parametrize("path", ["/classify", "/jobs", "/v2/models/fake/infer"])
def test_encoded_body_is_refused(client, recognizer, uploads, path, encoding):
    """Wherever there is an upload: nothing is unpacked."""
    wait_until(lambda: client.get("/jobs").status_code == 200)
    headers = {**VIDEO, "content-encoding": encoding}

    response = client.post(path, content=gzip.compress(bytes(10_000)), headers=headers)

    assert response.status_code == 415
    assert "Content-Encoding is" in response.text
    assert recognizer.calls == []
    assert uploads() == []


@pytest.mark.parametrize("request_", [{"content": b"", "headers": VIDEO}, {"files": {"file": b""}}])
def test_empty_upload(client, uploads, request_):
    problem(client.post("/classify", **request_), 422, "empty_upload")
    assert uploads() == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "ends before"),
        (b"garbage", "malformed"),
        (part("file", b"video"), "ends before"),
        (part("file", b"video")[:60], "ends before"),
        (END, "no field 'file'"),
        (part("video", b"video") + END, "no field 'file'"),
        (part("file", b"a") + part("file", b"b") + END, "more than once"),
        (part("top_k", b"3") + part("file", b"b") + END, "in the query"),
        (b"".join(part(f"f{n}", b"") for n in range(17)) + END, "more than 16 fields"),
        (part("file", b"", extra=f"X: {'y' * 5000}\r\n") + END, "header size"),
        (part("file", b"", extra="X: y\r\n" * 20) + END, "header"),
        (part("note", b"x" * 70_000) + END, "exceed 65536 bytes"),
        (part("file", b"", extra="Content-Transfer-Encoding: base64\r\n") + END, "binary"),
        (f"--{BOUNDARY}\r\nX: y\r\n\r\n\r\n".encode() + END, "field name"),
    ],
)
def test_bad_forms(client, uploads, recognizer, body, reason):
    response = client.post("/classify", content=body, headers=FORM)

    assert reason in problem(response, 422, "invalid_parameter")["detail"]
    assert uploads() == []
    assert recognizer.calls == []


@pytest.mark.parametrize("boundary", ["", "; boundary=", f"; boundary={'x' * 300}"])
def test_bad_boundaries(client, boundary):
    headers = {"content-type": f"multipart/form-data{boundary}"}

    problem(client.post("/classify", content=b"x", headers=headers), 422, "invalid_parameter")


def test_a_full_disk_is_told_and_nothing_is_left(client, sample, uploads, monkeypatch):
    """The system's own device that is always full takes the file's place."""
    real = os.open

    def full(path, flags, mode=0o777, **options):
        descriptor = real(path, flags, mode, **options)
        if "adamml-" not in str(path):
            return descriptor
        os.close(descriptor)
        return real("/dev/full", os.O_WRONLY)

    monkeypatch.setattr("service.uploads.upload.os.open", full)
    response = client.post(
        "/classify", content=b"v" * 50_000, headers={"content-type": "video/mp4"}
    )
    monkeypatch.undo()

    assert response.status_code == 507
    assert response.json()["code"] == "insufficient_storage"
    assert int(response.headers["retry-after"]) > 0
    assert sample("adamml_requests_rejected_total", reason="insufficient_storage") == 1
    assert uploads() == []
    again = client.post("/classify", content=b"v" * 5_000, headers=VIDEO)
    assert again.status_code == 200
