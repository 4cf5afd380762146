"""Table 6 of the paper as cost rows: what its backbones cost, beside the GFLOPs it prints.

python -m training.experiment.costs
"""

from __future__ import annotations

from typing import Any

from model.networks.cost import count_costs
from model.spec.presets import preset
from training.experiment.results import FOLDER, write_results

# By preset: the networks, RGB's and sound's, and the GFLOPs of a video that Table 6 states.
PUBLISHED = {
    "rgb-audio": ("ResNet-50 and MobileNetV2", 110.14),
    "resnet18": ("ResNet-18 twice", 82.33),
    "resnet18-112": ("ResNet-18 twice, RGB at 112x112", 70.87),
    "efficientnet": ("EfficientNet-b3 and b0", 30.55),
}
_ABOUT = (
    "Multiply-adds of the paper's networks, counted on the layers, in G a segment; of ten segments"
    " with the policy and everything taken; and what the paper prints for AdaMML, with its share of"
    " that. None of these networks was trained here."
)


def measure() -> dict[str, Any]:
    """Multiply-adds of one segment in G, counted on the layers, and of ten with the policy."""
    rows = []
    for name, (networks, published) in PUBLISHED.items():
        costs = count_costs(preset(name, [f"class {number}" for number in range(31)]))
        row = {part: cost.total / 1e9 for part, cost in costs.recognition.items()}
        row["policy"] = costs.policy.total / 1e9
        rows.append({"preset": name, "networks": networks, "published": published, **row})
    return {"title": "Table 6: backbones, as costs", "about": _ABOUT, "costs": rows}


if __name__ == "__main__":
    write_results(FOLDER, "table6_costs", measure())
