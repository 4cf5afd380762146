"""A spec by the name of a preset, or out of any file that holds one."""

from __future__ import annotations

import zipfile
from pathlib import Path

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
        return parse_spec(_spec_text(path))
    except (SpecError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: {error}") from error


def _spec_text(path: Path) -> str:
    if path.suffix == ".json":
        return path.read_text(encoding="utf-8")
    if zipfile.is_zipfile(path):
        return _from_bundle(path)
    from model.files.safetensors_header import SPEC_KEY, read_metadata

    metadata = read_metadata(path)
    if SPEC_KEY not in metadata:
        raise SpecError("neither a bundle nor a checkpoint of ours")
    return metadata[SPEC_KEY]


def _from_bundle(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        if "spec.json" not in archive.namelist():
            raise SpecError("a zip file without spec.json is not a bundle")
        return archive.read("spec.json").decode()
