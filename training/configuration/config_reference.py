"""The reference table of a run's settings, made from their own descriptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from training.configuration.config import (
    DataConfig,
    FusionOverrides,
    HardwareConfig,
    ModelConfig,
    PolicyOverrides,
    TrainConfig,
)
from training.configuration.recipe import JointConfig, UnimodalConfig

TABLES: Mapping[str, type[BaseModel]] = {
    "": TrainConfig,
    "data": DataConfig,
    "model": ModelConfig,
    "model.policy": PolicyOverrides,
    "model.fusion": FusionOverrides,
    "hardware": HardwareConfig,
    "unimodal.NAME": UnimodalConfig,
    "joint": JointConfig,
}
BEGIN, END = "<!-- settings: begin -->\n", "<!-- settings: end -->\n"
README = Path(__file__).parents[2] / "experiments" / "README.md"
_SIGNS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}


def reference() -> str:
    """Markdown: one section a TOML table, one row a key."""
    return "\n".join(line for name, model in TABLES.items() for line in _section(name, model))


def _section(name: str, model: type[BaseModel]) -> Iterator[str]:
    yield f"### `[{name}]`" if name else "### At the top"
    yield ""
    yield _one_line(model.__doc__ or "")
    yield ""
    yield "| key | values | default | meaning |"
    yield "|---|---|---|---|"
    schema = model.model_json_schema()
    for key, property_ in schema["properties"].items():
        if key in _NESTED.get(name, ()):
            continue
        default = "needed" if key in schema.get("required", ()) else _default(property_)
        meaning = _one_line(property_.get("description", "")).replace("|", "\\|")
        yield f"| `{key}` | {_values(property_)} | {default} | {meaning} |"
    yield ""


# Tables of their own.
_NESTED = {"": ("data", "model", "hardware", "unimodal", "joint"), "model": ("policy", "fusion")}


def _values(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return ", ".join(_values(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_values(schema.get('items', {}))}"
    if schema.get("type") == "object":
        return f"by modality: {_values(schema['additionalProperties'])}"
    bounds = [f"{sign} {schema[key]:.12g}" for key, sign in _SIGNS.items() if key in schema]
    kind = schema.get("format", schema.get("type", "any"))
    return " ".join([kind, ", ".join(bounds)]).strip()


def _default(schema: Mapping[str, Any]) -> str:
    value = schema.get("default")
    if value is None:
        return "absent"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def write_reference(path: Path = README) -> None:
    """Replace what stands between the marks."""
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{reference()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write_reference()
