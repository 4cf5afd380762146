"""Write the dashboards as JSON: `python docker/grafana/source [FOLDER]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import compute_dashboard
import service_dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

FOLDER = Path(__file__).parents[1] / "dashboards"
DASHBOARDS = {"compute": compute_dashboard.dashboard, "service": service_dashboard.dashboard}


def main(folder: Path) -> None:
    register_default_plugins()
    for name, dashboard in DASHBOARDS.items():
        # Reading it back fills in what Grafana takes for granted.
        complete = Dashboard.from_json(json.loads(_encode(dashboard().build())))
        (folder / f"{name}.json").write_text(_encode(complete) + "\n")


def _encode(dashboard: Dashboard) -> str:
    return json.dumps(dashboard, cls=JSONEncoder, indent=2, sort_keys=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
