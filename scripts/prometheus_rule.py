"""Write the rules of docker/prometheus/rules as the PrometheusRule of deploy/kubernetes."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
RULES = ROOT / "docker/prometheus/rules"
TARGET = ROOT / "deploy/kubernetes/base/rules.yaml"
_HEAD = "# Written by `make manifests` from docker/prometheus/rules: change those.\n"


class _Dumper(yaml.SafeDumper):
    """Expressions stay as they are laid out."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def prometheus_rule() -> str:
    """The document; groups in the order of the files' names."""
    documents = [yaml.safe_load(path.read_text()) for path in sorted(RULES.glob("*.yml"))]
    manifest = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "adamml"},
        "spec": {"groups": [group for document in documents for group in document["groups"]]},
    }
    return _HEAD + yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, width=100)


if __name__ == "__main__":
    TARGET.write_text(prometheus_rule())
