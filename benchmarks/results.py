"""Measured ratios as JSON, and as the table in benchmarks/README.md."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from model.inputs.ffmpeg.programs import programs, version_of
from training.evaluation.generated_sections import fill

FOLDER = Path(__file__).parent / "results"
PAGE = Path(__file__).parent / "README.md"
_PACKAGES = ("openvino", "onnxruntime", "torch", "numpy", "opencv-python-headless")


@dataclass(frozen=True, slots=True)
class Measured:
    """`value` is a ratio against `baseline`, unless `unit` says what else; `wanted`, such as
    "<= 0.55", is what it should be. `detail`: the figures behind it."""

    name: str
    value: float
    baseline: str
    wanted: str
    detail: str
    unit: str = ""

    @property
    def is_met(self) -> bool:
        relation, bound = self.wanted.split()
        return self.value <= float(bound) if relation == "<=" else self.value >= float(bound)


def write(name: str, rows: Sequence[Measured]) -> dict[str, Any]:
    """`results/NAME.json` and the table of the page; `name` is the subcommand of adamml bench."""
    document = {
        "command": f"adamml bench {name}",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "rows": [{**asdict(row), "is_met": row.is_met} for row in rows],
    }
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    PAGE.write_text(fill(PAGE.read_text(), {"results": page_tables()}))
    return document


def page_tables() -> str:
    documents = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]
    return "\n\n".join(as_table(document) for document in documents)


def as_table(document: Mapping[str, Any]) -> str:
    """Markdown."""
    lines = [
        f"### `{document['command']}`",
        "",
        f"{document['date']}, {document['machine']}.",
        "",
        "| what | measured | wanted | against | figures |",
        "|---|---|---|---|---|",
    ]
    for row in document["rows"]:
        value = f"{row['value']:.3g} {row['unit']}".strip()
        wanted = row["wanted"] if row["is_met"] else f"**{row['wanted']}, missed**"
        lines.append(
            f"| {row['name']} | {value} | {wanted} | {row['baseline']} | {row['detail']} |"
        )
    return "\n".join(lines)


def machine() -> str:
    """Processor, cores that may be used, and versions of what computes."""
    cores = len(os.sched_getaffinity(0))
    versions = [f"Python {platform.python_version()}"]
    for package in _PACKAGES:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    versions.append(f"ffmpeg {version_of(programs().ffmpeg)}")
    return f"{_processor()}, {cores} cores; {', '.join(versions)}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
