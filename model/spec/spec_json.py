"""Reading a ModelSpec from the JSON inside a model file, with a reason when that fails."""

from __future__ import annotations

import json

from pydantic import ValidationError

from model.spec.model_spec import ModelSpec

FORMAT_VERSION = 1


class SpecError(ValueError):
    """The JSON is not a spec that this version of the program understands."""


def parse_spec(text: str | bytes) -> ModelSpec:
    """Raises SpecError naming what is wrong: the format's version first, then every field."""
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise SpecError(f"the spec is not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise SpecError("the spec is not a JSON object")
    if raw.get("format_version") != FORMAT_VERSION:
        raise SpecError(
            f"the spec's format_version is {raw.get('format_version')!r}; this program reads"
            f" {FORMAT_VERSION}"
        )
    try:
        return ModelSpec.model_validate_json(text)
    except ValidationError as error:
        raise SpecError(f"the spec is not understood: {reasons(error)}") from error


def reasons(error: ValidationError) -> str:
    """One clause a problem: where it is, and what pydantic says of it."""
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'spec'}: {problem['msg']}"
        for problem in error.errors()
    )
