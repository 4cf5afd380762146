"""Print the dependencies that pyproject.toml names, one a line; arguments are extras to add.

An image installs them before it has the source, so that they have a layer of their own.
"""

import sys
import tomllib
from pathlib import Path

with Path("pyproject.toml").open("rb") as file:
    project = tomllib.load(file)["project"]
names = list(project["dependencies"])
for extra in sys.argv[1:]:
    names += project["optional-dependencies"][extra]
sys.stdout.write("\n".join(names) + "\n")
