"""Tensor sinks: videos to files, whatever the pieces in which a request arrives."""

from __future__ import annotations

import base64
import json
import random
import struct

import pytest

from model.common.errors import EmptyUploadError, InvalidParameterError
from service.problems.errors import UploadTooLargeError
from service.uploads.spool import Spool
from service.uploads.tensors import MAX_HEAD_BYTES, BinaryTensor, JsonTensor
from service.uploads.video_files import MAX_VIDEOS, VideoFiles

HEAD = json.dumps({"id": 'quoted "id"', "inputs": []}).encode()


@pytest.fixture
def files(tmp_path):
    spool = Spool(tmp_path, max_bytes=10**6)
    files = VideoFiles(spool.create, max_bytes=100_000, require_room=spool.require_room)
    yield files
    files.delete()


def elements(*videos):
    return b"".join(struct.pack("<I", len(video)) + video for video in videos)


def pour(sink, body, size):
    for start in range(0, len(body), size):
        sink.write(body[start : start + size])
    return sink.finish(b"")


def contents(files):
    return [upload.path.read_bytes() for upload in files.uploads]


def random_videos():
    source = random.Random(3)
    return [source.randbytes(size) for size in (1, 5000, 4, 20_000)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000, 10**6])
def test_binary_videos_in_any_pieces(files, size):
    videos = random_videos()
    sink = BinaryTensor(files, head_bytes=len(HEAD))

    assert pour(sink, HEAD + elements(*videos), size) == HEAD
    assert contents(files) == videos
    assert files.num_bytes == sum(map(len, videos))


@pytest.mark.parametrize("escapes_slashes", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000, 10**6])
def test_json_videos_in_any_pieces(files, size, escapes_slashes):
    videos = random_videos()
    texts = [base64.b64encode(video).decode() for video in videos]
    document = json.dumps({"id": 'a "quoted" \\ id', "data": texts})
    if escapes_slashes:
        document = document.replace("/", "\\/")

    kept = json.loads(pour(JsonTensor(files), document.encode(), size))

    # Short strings may be anything, so they stay.
    assert kept["id"] == 'a "quoted" \\ id'
    assert kept["data"] == [texts[0], ":0", texts[2], ":1"]
    assert contents(files) == [videos[1], videos[3]]


@pytest.mark.parametrize(
    "body",
    [HEAD[:-1], HEAD + b"\0", HEAD + elements(b"video")[:-1], HEAD + elements(b"v") + b"\1\0\0"],
)
def test_a_binary_body_that_ends_early_is_refused(files, body):
    sink = BinaryTensor(files, head_bytes=len(HEAD))

    with pytest.raises(InvalidParameterError, match="ends before"):
        sink.finish(body)


@pytest.mark.parametrize("length", [0, MAX_HEAD_BYTES + 1])
def test_a_head_has_a_length(files, length):
    with pytest.raises(InvalidParameterError, match="allowed: 1 to"):
        BinaryTensor(files, head_bytes=length)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A" * 8001, "multiple of 4"),
        ("A" * 7998 + "==" + "A" * 4, "base64"),
        ("A" * 8000 + "!AAA", "base64"),
        ("A" * 8000 + "\\n" + "A" * 4, "escapes"),
    ],
)
@pytest.mark.parametrize("size", [999, 10**6])
def test_what_is_not_base64_is_refused(files, text, words, size):
    with pytest.raises(InvalidParameterError, match=words):
        pour(JsonTensor(files), f'["{text}"]'.encode(), size)


def test_json_without_videos_is_bounded(files):
    with pytest.raises(InvalidParameterError, match="exceeds"):
        JsonTensor(files).write(b"[" * (MAX_HEAD_BYTES + 1))


def test_all_videos_together_are_bounded(files):
    sink = BinaryTensor(files, head_bytes=len(HEAD))

    with pytest.raises(UploadTooLargeError):
        sink.write(HEAD + elements(b"1" * 60_000, b"2" * 60_000))


def test_the_number_of_videos_is_bounded(files):
    sink = BinaryTensor(files, head_bytes=len(HEAD))

    with pytest.raises(InvalidParameterError, match="more than"):
        sink.write(HEAD + elements(*[b"v"] * (MAX_VIDEOS + 1)))


def test_an_empty_element_is_an_empty_upload(files):
    with pytest.raises(EmptyUploadError, match="video 1"):
        BinaryTensor(files, head_bytes=len(HEAD)).write(HEAD + elements(b"v", b""))
