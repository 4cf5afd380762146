"""Print the dependencies that pyproject.toml names, one a line; arguments are extras to add.

An image installs them before it has the source, so that they have a layer of their own.
"""

import re
import sys
import tomllib
from pathlib import Path

_OWN = re.compile(r"adamml\[([^\]]+)\]")


def dependencies(project: dict, extras: list[str]) -> list[str]:
    """Raises KeyError for an extra that is not there."""
    names = list(project["dependencies"])
    for extra in extras:
        for name in project["optional-dependencies"][extra]:
            own = _OWN.fullmatch(name)
            others = own.group(1).split(",") if own else []
            names += dependencies({**project, "dependencies": []}, others) if own else [name]
    return names


if __name__ == "__main__":
    with Path("pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    sys.stdout.write("\n".join(dependencies(project, sys.argv[1:])) + "\n")
