"""Many generated clips, one after the other; what was found is written as it is found.

python -m tests.generated.run FIRST COUNT RESULT.json
"""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.generated.check import check
from tests.generated.clips import make
from tests.generated.recipes import draw
from tests.support.models import tiny_spec


def look_at(seed, spec, folder):
    """The recipe, and what was found in one way of reading and in the other."""
    recipe = draw(seed)
    return recipe, check(recipe, make(recipe, Path(folder)), spec)


def told(recipe):
    """A recipe in one line: what differs from a plain clip."""
    plain = type(recipe).__dataclass_fields__
    parts = {
        name: getattr(recipe, name)
        for name, field in plain.items()
        if getattr(recipe, name) != field.default
    }
    return " ".join(f"{name}={value}" for name, value in parts.items())


def run(first, count, result):
    spec, verdicts, containers, wrong = tiny_spec(), Counter(), Counter(), []
    warned: list[str] = []
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as folder:
            try:
                recipe, found = look_at(seed, spec, folder)
            except RuntimeError as error:  # The clip itself could not be made.
                verdicts["not made"] += 1
                print(seed, "not made", draw(seed).container, str(error)[-300:], flush=True)  # noqa: T201
                continue
        containers[recipe.container] += 1
        for way, one in zip(("segments", "stream"), found, strict=True):
            verdicts[one.verdict] += 1
            if one.faults:
                line = f"{way}: {one.faults} {sorted(one.warnings)}; {told(recipe)}"
                (wrong if one.verdict == "wrong" else warned).append(line)
                print(one.verdict, line, flush=True)  # noqa: T201
        document = {"first_seed": first, "clips": seed + 1 - first, "verdicts": dict(verdicts)}
        document |= {"containers": dict(containers), "wrong": wrong, "warned": warned}
        result.write_text(json.dumps(document, indent=2) + "\n")
    print(dict(verdicts))  # noqa: T201


if __name__ == "__main__":
    run(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
