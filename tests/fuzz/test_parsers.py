"""Our own parsers, given what hypothesis draws, return or raise what they say that they raise."""

from __future__ import annotations

import contextlib
import io
import json
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.common.errors import ClassificationError
from model.files.bundle import SPEC_NAME, BundleError, read_bundle
from model.files.bundle import read_spec as read_bundle_spec
from model.files.safetensors_header import read_metadata
from service.uploads.multipart import MultipartSink
from tests.fuzz.mutations import mutated
from training.configuration.config import read_config
from training.data.published.activitynet import read_activitynet
from training.data.published.fcvid import read_fcvid
from training.data.published.kinetics import COLUMNS, read_kinetics
from training.data.published.sports1m import read_sports1m
from training.data.sources.manifest_rows import read_rows

BUNDLED = Path(__file__).parents[2] / "model" / "bundled" / "av13.adamml"

drawn = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def texts(*words):
    """Bytes of lines made of a format's own words, and of anything else."""
    piece = st.sampled_from([word.encode() for word in words]) | st.binary(max_size=5)
    return st.lists(piece, max_size=30).map(b"".join)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("parsers") / "file"


@drawn
@given(header=JSON | st.dictionaries(st.just("__metadata__"), JSON), length=st.integers(-3, 3))
def test_checkpoint_headers(path, header, length):
    text = json.dumps(header).encode()
    path.write_bytes(max(0, len(text) + length).to_bytes(8, "little") + text)
    with contextlib.suppress(ValueError):
        read_metadata(path)


@drawn
@given(content=st.binary(max_size=40))
def test_checkpoint_headers_of_any_bytes(path, content):
    path.write_bytes(content)
    with contextlib.suppress(ValueError):
        read_metadata(path)


@pytest.fixture(scope="module")
def spec_alone():
    """A bundle without its graphs: small, so that most changes meet the zip file's own fields."""
    small = io.BytesIO()
    with zipfile.ZipFile(BUNDLED) as whole, zipfile.ZipFile(small, "w") as archive:
        content = whole.read(SPEC_NAME)
        archive.writestr(SPEC_NAME, content, compress_type=zipfile.ZIP_DEFLATED)
    return small.getvalue()


@pytest.mark.parametrize("read", [read_bundle, read_bundle_spec])
def test_bundles(path, spec_alone, read):
    draw = random.Random(18)
    for number in range(500):
        content = bytearray(spec_alone)
        for _ in range(draw.choice((1, 3))):
            # The directory is at the end.
            place = draw.randrange(draw.choice((0, len(content) - 120)), len(content))
            content[place] = draw.choice((0, 1, 8, 14, 255, draw.randrange(256)))
        others = mutated(spec_alone, spec_alone, f"bundle-{number}")[1]
        path.write_bytes(content if number % 3 else others)
        with contextlib.suppress(BundleError, OSError):  # OSError: a place before the file's start
            read(path)


@drawn
@given(
    content=texts("preset", " = ", '"a"', "\n", "[data]\n", "[unimodal.rgb]\n", "epochs", "1e999")
)
def test_training_configurations(path, content):
    path.write_bytes(content)
    with contextlib.suppress(ValueError):
        read_config(path)


@drawn
@given(
    content=texts("path", "label", "labels", ",", "\n", '"', "start", "{", "}", ":", "1", "\x00"),
    suffix=st.sampled_from([".csv", ".jsonl"]),
)
def test_manifests(path, content, suffix):
    path = path.with_suffix(suffix)
    path.write_bytes(content)
    with contextlib.suppress(ValueError):
        read_rows(path)


@drawn
@given(lines=texts("a", ",", "\n", '"', "train", "test", "1", "nan", "\r", "\x00", "archery"))
def test_kinetics(path, lines):
    path.write_bytes(",".join(COLUMNS).encode() + b"\n" + lines)
    with contextlib.suppress(ValueError):
        read_kinetics([path], classes=["archery", "a", ""])


@drawn
@given(content=texts("a.mp4", " ", "\t", "\n", "train", "test", "0", "1", "/", "."))
def test_fcvid(path, content):
    path.write_bytes(content)
    with contextlib.suppress(ValueError):
        read_fcvid(path, path, None)


@drawn
@given(content=texts("https://www.youtube.com/watch?v=", "abc", " ", ",", "\n", "1", "99999"))
def test_sports1m(path, content):
    path.write_bytes(content)
    with contextlib.suppress(ValueError):
        read_sports1m({"train": path}, path, [path])


@drawn
@given(
    document=JSON | st.fixed_dictionaries({"database": st.dictionaries(st.text(), JSON)}),
    trimmed=st.booleans(),
)
def test_activitynet(path, document, trimmed):
    path.write_text(json.dumps(document))
    with contextlib.suppress(ValueError):
        read_activitynet(path, trimmed=trimmed)


class Memory:
    """A part's file."""

    def __init__(self):
        self.size = 0

    def write(self, data):
        self.size += len(data)

    def close(self):
        pass


@drawn
@given(
    boundary=st.sampled_from([b"b", b"-", b"--b"]) | st.binary(max_size=80),
    pieces=st.lists(
        st.sampled_from(
            [
                *(b"--b", b"\r\n", b"--", b":", b'Content-Disposition: form-data; name="file"'),
                *(b'; filename="../a\x00"', b"Content-Transfer-Encoding: base64", b"\r\n\r\n"),
            ]
        )
        | st.binary(max_size=5),
        max_size=20,
    ),
)
def test_forms(boundary, pieces):
    with contextlib.suppress(ClassificationError):
        sink = MultipartSink(boundary, Memory())
        for piece in pieces:
            sink.write(piece)
        sink.finish(b"--" + boundary + b"--\r\n")
