"""Formats of a part: rows to bytes, and the paths of rows back. Parquet needs pyarrow."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from batch.rows import Row
from model.common.stopwatch import STAGES
from model.spec.model_spec import MODALITIES

if TYPE_CHECKING:
    import pyarrow

FormatName = Literal["jsonl", "parquet"]
_BEFORE_PATH = '{"path": '


class Format(NamedTuple):
    """`paths` reads what `to_bytes` wrote."""

    to_bytes: Callable[[Sequence[Row]], bytes]
    paths: Callable[[bytes], list[str]]


def _to_json_lines(rows: Sequence[Row]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def _paths_of_json_lines(content: bytes) -> list[str]:
    """A line is not parsed beyond its path: a million rows are several gigabytes."""
    decoder, begin = json.JSONDecoder(), len(_BEFORE_PATH)
    lines = content.decode().splitlines()
    return [str(decoder.raw_decode(line, begin)[0]) for line in lines]


def _to_parquet(rows: Sequence[Row]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.Table.from_pylist(list(rows), schema=parquet_schema())
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _paths_of_parquet(content: bytes) -> list[str]:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(io.BytesIO(content), columns=["path"])
    paths: list[str] = table["path"].to_pylist()
    return paths


def parquet_schema() -> pyarrow.Schema:
    """The same for every model and every part, so that any number of them is one table."""
    import pyarrow as pa

    text, number, count = pa.string(), pa.float64(), pa.int64()
    components = pa.struct([(name, number) for name in ("policy", *MODALITIES)])
    stages = pa.struct([(name, number) for name in (*STAGES, "total")])
    columns: list[tuple[str, Any]] = [
        ("path", text),
        ("label", text),
        ("score", number),
        ("predictions", _predictions()),
        ("timeline", pa.list_(pa.struct([*_span(), *_named_score()]))),
        ("segments", pa.list_(_segment())),
        *((name, number) for name in ("gflops", "gflops_dense", "gflops_saved_ratio")),
        ("gflops_by_component", components),
        *((name, count) for name in ("flow_pairs_computed", "flow_pairs_avoided")),
        ("seconds_by_stage", stages),
        *((name, number) for name in ("duration_seconds", "threshold")),
        ("model", text),
        ("warnings", pa.list_(pa.struct([("code", text), ("detail", text)]))),
        *((name, text) for name in ("problem_code", "problem_detail")),
    ]
    return pa.schema(columns)


def _named_score() -> list[tuple[str, Any]]:
    import pyarrow as pa

    return [("label", pa.string()), ("index", pa.int64()), ("score", pa.float64())]


def _span() -> list[tuple[str, Any]]:
    import pyarrow as pa

    return [("start_seconds", pa.float64()), ("end_seconds", pa.float64())]


def _predictions() -> pyarrow.DataType:
    import pyarrow as pa

    return pa.list_(pa.struct(_named_score()))


def _segment() -> pyarrow.DataType:
    import pyarrow as pa

    decision = pa.struct([("decision", pa.string()), ("probability", pa.float64())])
    decisions = pa.struct([(name, decision) for name in MODALITIES])
    columns = [("index", pa.int64()), *_span(), ("gflops", pa.float64())]
    columns += [("modalities", decisions), ("predictions", _predictions()), ("reason", pa.string())]
    return pa.struct(columns)


FORMATS: dict[FormatName, Format] = {
    "jsonl": Format(_to_json_lines, _paths_of_json_lines),
    "parquet": Format(_to_parquet, _paths_of_parquet),
}
