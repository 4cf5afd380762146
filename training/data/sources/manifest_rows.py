"""Rows of a manifest: the columns there are, checked, with the line in every complaint."""

from __future__ import annotations

import codecs
import csv
import io
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from training.data.sources.sample import Split

# Between the labels of one CSV cell.
LABEL_SEPARATOR = "|"


def _tidy(value: object) -> object:
    """Without the spaces around it (hard ones too), in Unicode's composed form: what looks the same
    is the same label."""
    if not isinstance(value, str):
        return value
    return " ".join(unicodedata.normalize("NFC", value).split())


Label = Annotated[str, BeforeValidator(_tidy), Field(min_length=1, max_length=200)]


class Row(BaseModel):
    """One video as a manifest describes it. A misspelt column would be lost silently: refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    path: str = Field(min_length=1)
    label: Label | None = None
    labels: tuple[Label, ...] | None = None
    split: Split | None = None
    group: str | None = None
    has_audio: bool | None = None
    start_seconds: float | None = Field(default=None, ge=0)
    end_seconds: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.label is None) == (self.labels is None):
            raise ValueError("either label (exactly one) or labels (any number) is needed")
        if self.labels is not None and len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels repeat: {self.labels}")
        if self.end_seconds is not None and self.end_seconds <= (self.start_seconds or 0.0):
            raise ValueError(
                f"end_seconds is {self.end_seconds}; it must be after start_seconds,"
                f" which is {self.start_seconds or 0.0}"
            )
        return self


@dataclass(frozen=True, slots=True)
class Line:
    """A row, and where it stands, as `file:line`."""

    where: str
    row: Row


def read_rows(path: Path) -> list[Line]:
    """The rows of a .csv or .jsonl file, UTF-8.

    Raises:
        ValueError: the ending is another one; a row is wrong, with its line.
    """
    readers = {".csv": _csv_values, ".jsonl": _jsonl_values}
    suffix = path.suffix.lower()
    if suffix not in readers:
        raise ValueError(
            f"{path} ends in {path.suffix!r}; allowed are .csv, .jsonl, or a folder that has one"
            " folder for each class"
        )
    return [Line(where, _checked(values, where)) for where, values in readers[suffix](path)]


def _text(path: Path) -> str:
    """UTF-8, or UTF-16 with its mark, as spreadsheets write them.

    Raises ValueError for other encodings, with the line.
    """
    content = path.read_bytes()
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{path}:{line}: the file is not in UTF-8 (byte {content[error.start]:#x}); save it as"
            " 'CSV UTF-8', or convert it, such as from Windows-1252"
        ) from error


def _csv_values(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """An empty cell counts as absent; a byte-order mark, as spreadsheets write it, is skipped."""
    reader = csv.DictReader(io.StringIO(_text(path), newline=""))
    try:
        _check_columns(path, [name.strip() for name in reader.fieldnames or ()])
        for cells in reader:
            yield f"{path}:{reader.line_num}", _cells(path, reader.line_num, cells)
    except csv.Error as error:
        raise ValueError(f"{path}:{reader.line_num}: {error}") from error


def _cells(path: Path, line: int, cells: dict[str | None, Any]) -> dict[str, Any]:
    if None in cells:
        raise ValueError(f"{path}:{line}: more cells than columns: {cells[None]}")
    named = {str(key).strip(): (cell or "").strip() for key, cell in cells.items()}
    values: dict[str, Any] = {key: cell for key, cell in named.items() if cell}
    if "labels" in named:
        cell = named["labels"]
        values["labels"] = cell.split(LABEL_SEPARATOR) if cell else []
    return values


def _check_columns(path: Path, columns: list[str]) -> None:
    missing = {"path"} - set(columns)
    if not {"label", "labels"} & set(columns):
        missing.add("label (or labels)")
    unknown = set(columns) - set(Row.model_fields)
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise ValueError(f"{path}:1: columns are there twice: {repeated}")
    if missing or unknown:
        raise ValueError(
            f"{path}:1: the columns are {columns}; missing: {sorted(missing)}, unknown:"
            f" {sorted(unknown)}; allowed: {list(Row.model_fields)}"
        )


def _jsonl_values(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, text in enumerate(_text(path).split("\n"), start=1):
        if not text.strip():
            continue
        where = f"{path}:{number}"
        try:
            values = json.loads(text)
        except ValueError as error:
            raise ValueError(f"{where}: not JSON: {error}") from error
        if not isinstance(values, dict):
            raise ValueError(f"{where}: one object a line is needed, got {text.strip()[:80]}")
        yield where, values


def _checked(values: dict[str, Any], where: str) -> Row:
    try:
        return Row.model_validate(values)
    except ValidationError as error:
        raise ValueError(f"{where}: {_explained(error)}") from error


def _explained(error: ValidationError) -> str:
    """Such as: split is 'dev': Input should be 'train', 'val' or 'test'."""
    parts = []
    for problem in error.errors():
        column = ".".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "missing":
            parts.append(f"{column} is missing or empty")
        elif problem["type"] == "extra_forbidden":
            parts.append(f"{column!r} is unknown; allowed: {list(Row.model_fields)}")
        else:
            parts.append(f"{column} is {problem['input']!r}: {message}" if column else message)
    return "; ".join(parts)
