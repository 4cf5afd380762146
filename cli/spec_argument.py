"""A spec by the name of a preset, or out of any file that holds one."""

from __future__ import annotations

from pathlib import Path

from model.files.bundle import BundleError, is_bundle, read_spec
from model.spec.model_spec import ModelSpec
from model.spec.presets import PRESETS, preset
from model.spec.spec_json import SpecError, parse_spec

# Classes of a preset when nobody says which; Kinetics-Sounds, the paper's first data set, has 31.
PRESET_CLASSES = 31


def resolve_spec(argument: str) -> ModelSpec:
    """A preset's name, or the path of a bundle, a checkpoint or a spec.json.

    Raises:
        SpecError: it is none of them, or holds no spec.
    """
    if argument in PRESETS:
        return preset(argument, [f"class {number}" for number in range(PRESET_CLASSES)])
    path = Path(argument)
    if not path.is_file():
        raise SpecError(
            f"{argument!r} is neither a file nor a ready-made spec ({', '.join(PRESETS)})"
        )
    try:
        return _spec_of(path)
    except BundleError as error:
        raise SpecError(str(error)) from error
    except (SpecError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: {error}") from error


def _spec_of(path: Path) -> ModelSpec:
    if path.suffix == ".json":
        return parse_spec(path.read_text(encoding="utf-8"))
    if is_bundle(path):
        return read_spec(path)
    from model.files.safetensors_header import SPEC_KEY, read_metadata

    metadata = read_metadata(path)
    if SPEC_KEY not in metadata:
        raise SpecError("neither a bundle nor a checkpoint of ours")
    return parse_spec(metadata[SPEC_KEY])
