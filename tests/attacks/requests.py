"""Attacks that are requests: bodies without end, heads, chunks, boundaries, fields, encodings."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.attacks.raw_http import chunked, head, whole

VIDEO = "Content-Type: video/mp4"
FORM = "Content-Type: multipart/form-data; boundary=b"
JSON = "Content-Type: application/json"
INFER = "/v2/models/any/infer"
# Answers of the inference protocol have no code.
INVALID = ("422 invalid_parameter", "422")
MALFORMED = ("400",)
TOO_LARGE = ("413 upload_too_large", "413")
ENCODED = ("415 unsupported_media_type", "415")
TOO_SLOW = ("408 upload_too_slow",)
MEGABYTE = bytes(2**20)
GIGABYTES = 8


@dataclass(frozen=True, slots=True)
class Request:
    """`pieces` makes what is sent; `expected` are answers as `raw_http.told` tells them. `is_long`:
    not in `make test`."""

    name: str
    pieces: Callable[[], Iterable[bytes]]
    expected: tuple[str, ...]
    is_long: bool = False


def requests(model: str) -> list[Request]:
    """`model`: the served one's name."""
    return [*_endless(model), *_heads(), *_chunks(), *_forms(), *_queries(), *_encoded(model),
            *_tensors(model)]  # fmt: skip


def _endless(model: str) -> Iterator[Request]:
    """So many gigabytes, of which the service should read no more than its limit."""
    infer = INFER.replace("any", model)
    bodies = {
        "a raw body": ("/classify", VIDEO, b""),
        "a form": ("/classify", FORM, part("file", b"", ends=False)),
        "a field beside the file": ("/classify", FORM, part("note", b"", ends=False)),
        "a part's header": ("/classify", FORM, b"--b\r\nX: "),
        "a preamble": ("/classify", FORM, b"no boundary"),
        "a job": ("/jobs", VIDEO, b""),
        "base64 in JSON": (infer, JSON, b'{"inputs":[{"name":"video","data":["'),
        "JSON itself": (infer, JSON, b'{"inputs":['),
    }
    for name, (path, media_type, start) in bodies.items():
        fill = b"A" * 2**20 if media_type == JSON else MEGABYTE
        if name == "JSON itself":
            fill = b"[" * 2**20

        def pieces(
            path: str = path, media_type: str = media_type, start: bytes = start, fill: bytes = fill
        ) -> Iterable[bytes]:
            body = (start if number == 0 else fill for number in range(GIGABYTES * 1024))
            return chunked(path, (piece for piece in body if piece), media_type)

        expected = TOO_LARGE
        if name in ("a field beside the file", "a part's header", "a preamble", "JSON itself"):
            expected = INVALID
        yield Request(f"{GIGABYTES} GB of {name}", pieces, expected)


def _heads() -> Iterator[Request]:
    lines = [f"X-{number}: y" for number in range(10_000)]
    wrong = {
        "a header of a megabyte": [head("/livez", "X: " + "y" * 2**20, method="GET")],
        "10,000 headers": [head("/livez", *lines, method="GET")],
        "an address of 100,000 letters": [head("/" + "a" * 100_000, method="GET")],
        "a NUL in the address": [head("/classify\0", method="GET")],
        "TLS": [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(508) + b"\r\n\r\n"],
        "noise": [bytes(range(256)) * 8 + b"\r\n\r\n"],
        "a line that goes on": [b"GET / HTTP/1.1\r\n folded: x\r\nHost: x\r\n\r\n"],
        "a space before the colon": [head("/livez", "Host : y", method="GET")],
        "a NUL in a header": [head("/livez", "X: a\0b", method="GET")],
        "two hosts": [b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
        "no host": [b"GET / HTTP/1.1\r\n\r\n"],
        "two lengths": whole("/classify", b"video", VIDEO, "Content-Length: 7"),
        "a negative length": [head("/classify", VIDEO, "Content-Length: -5"), b"video"],
        "a length of letters": [head("/classify", VIDEO, "Content-Length: 0x5"), b"video"],
        "an encoding of its own": [head("/classify", VIDEO, "Transfer-Encoding: gzip, chunked")],
    }
    for name, pieces in wrong.items():
        expected = (*MALFORMED, "404 not_found") if "NUL in the address" in name else MALFORMED
        yield Request(name, lambda pieces=pieces: pieces, expected)
    long = [head("/classify", VIDEO, f"Content-Length: {10**40}"), b"video"]
    yield Request("a length of 40 digits", lambda: long, (*MALFORMED, *TOO_LARGE))


def _chunks() -> Iterator[Request]:
    start = head("/classify", VIDEO, "Transfer-Encoding: chunked")
    sizes = {
        "of 2^80 bytes": b"f" * 20 + b"\r\n",
        "of 2^4000 bytes": b"f" * 1000 + b"\r\n",
        "of negative size": b"-1\r\nx\r\n",
        "of no size": b"\r\n\r\n",
        "of letters": b"0xg\r\nx\r\n",
        "with 100,000 bytes of extension": b"1;" + b"x" * 100_000 + b"\r\nx\r\n0\r\n\r\n",
        "that ends elsewhere": b"3\r\nvideo\r\n0\r\n\r\n",
    }
    for name, content in sizes.items():
        # What a chunk announces it has to send as well.
        is_long = name == "of 2^80 bytes"
        expected = TOO_SLOW if is_long else (*MALFORMED, *TOO_LARGE)
        if "extension" in name:  # which is read over
            expected = ("422 undecodable_video",)
        yield Request(
            f"a chunk {name}", lambda content=content: [start, content], expected, is_long
        )
    trailers = b"1\r\nx\r\n0\r\n" + b"A: b\r\n" * 100_000 + b"\r\n"
    yield Request("100,000 trailers", lambda: [start, trailers], MALFORMED)


def part(name: str, content: bytes, *, ends: bool = True) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"'
    return f"--b\r\n{disposition}\r\n\r\n".encode() + content + (b"\r\n" if ends else b"")


def _forms() -> Iterator[Request]:
    many = b"".join(part(f"f{number}", b"x") for number in range(100_000)) + b"--b--\r\n"
    bodies = {
        "100,000 fields": many,
        "100,000 files": part("file", b"x") * 100_000,
        "a name of 60,000 letters": part("n" * 60_000, b"x"),
        "parts without an end": b"--b\r\n" * 10_000,
        "boundaries and nothing else": b"--b" * 100_000,
        "nested forms": part("file", part("file", b"x")) + b"--b--\r\n",
        "a NUL in a name": part("fi\0le", b"x") + b"--b--\r\n",
        "lines in a name": part('file"\r\nX: y; name="a', b"x") + b"--b--\r\n",
        "an encoded part": b'--b\r\nContent-Disposition: form-data; name="file"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n",
    }
    for name, body in bodies.items():
        # There the file is a part of what is in the form, and no video.
        is_file = name in ("nested forms", "lines in a name")
        expected = (*INVALID, "422 undecodable_video") if is_file else INVALID
        yield Request(
            f"a form of {name}", lambda body=body: whole("/classify", body, FORM), expected
        )
    boundaries = {
        "no boundary": "",
        "an empty boundary": "; boundary=",
        "a boundary of 300 letters": "; boundary=" + "b" * 300,
        "two boundaries": "; boundary=b; boundary=c",
        "a boundary with a NUL in it": '; boundary="b%00"',
        "a boundary that is not closed": '; boundary="b',
        "a boundary of another alphabet": "; boundary=\xe9\xff",
    }
    for name, boundary in boundaries.items():
        kind = f"Content-Type: multipart/form-data{boundary}"
        body = part("file", b"x") + b"--c--\r\n"
        made = lambda kind=kind, body=body: whole("/classify", body, kind)  # noqa: E731
        yield Request(f"a form of {name}", made, INVALID)


def _queries() -> Iterator[Request]:
    queries = {
        "5,000 parameters": "&".join(f"a{number}=1" for number in range(3_000)),
        "one parameter 5,000 times": "&".join(["top_k=1"] * 3_500),
        "no number": "segments=nan",
        "an endless number": "every_seconds=inf",
        "a number of 20,000 digits": "segments=" + "9" * 20_000,
        "a NUL": "policy=%00",
        "bytes that are no text": "policy=%ff%fe",
    }
    for name, query in queries.items():
        made = lambda query=query: whole(f"/classify?{query}", b"video", VIDEO)  # noqa: E731
        yield Request(f"a query of {name}", made, INVALID)


def _encoded(model: str) -> Iterator[Request]:
    """A body of 10 kB that would swell to ten megabytes."""
    body = gzip.compress(bytes(10**7))
    for path, media_type in (
        ("/classify", VIDEO), ("/classify", FORM), ("/jobs", VIDEO),
        (INFER.replace("any", model), JSON),
    ):  # fmt: skip
        for encoding in ("gzip", "br", "zstd", "deflate", "identity, gzip", "GZIP"):
            headers = (media_type, f"Content-Encoding: {encoding}")
            made = lambda path=path, headers=headers: whole(path, body, *headers)  # noqa: E731
            yield Request(f"{encoding} to {path}, {media_type[14:]}", made, ENCODED)


def _tensors(model: str) -> Iterator[Request]:
    path = INFER.replace("any", model)
    video = '{"name":"video","shape":[1],"datatype":"BYTES",'
    bodies = {
        "brackets 60,000 deep": b"[" * 60_000,
        "objects 10,000 deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        "parameters 10,000 deep": b'{"inputs":[' + video.encode() + b'"parameters":{"a":'
        + b"[" * 10_000 + b"]" * 10_000 + b"}}]}",
        "a number of 60,000 digits": b'{"inputs":[' + video.encode()
        + b'"data":[' + b"9" * 60_000 + b"]}]}",
        "a shape of its own": b'{"inputs":[{"name":"video","shape":[9223372036854775807,-1],'
        b'"datatype":"BYTES","data":["AAAA"]}]}',
        "what is no text": b'{"inputs":"\xff\xfe"}',
        "10,000 videos": b'{"inputs":[' + video.encode()
        + b'"data":[' + b",".join([b'"AAAA"'] * 8_000) + b"]}]}",
    }  # fmt: skip
    for name, body in bodies.items():
        yield Request(f"JSON of {name}", lambda body=body: whole(path, body, JSON), INVALID)
    for length in ("0", "-1", "99999999999999999999", "60000", "x"):
        headers = ("Content-Type: application/octet-stream",)
        headers += (f"Inference-Header-Content-Length: {length}",)
        made = lambda headers=headers: whole(path, b"{}", *headers)  # noqa: E731
        yield Request(f"a head of {length} bytes", made, INVALID)
    many = b'{"inputs":[]}' + b"\1\0\0\0x" * 100_000
    headers = ("Content-Type: application/octet-stream", "Inference-Header-Content-Length: 13")
    yield Request("100,000 binary videos", lambda: whole(path, many, *headers), INVALID)
