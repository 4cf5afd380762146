"""Examples that --help shows below each command's options."""

from __future__ import annotations

# By command; each line is a command that can be pasted.
EXAMPLES: dict[str, tuple[str, ...]] = {
    "serve": ("adamml serve --port 8080",),
    "classify": (
        "adamml classify clip.mp4 --budget 0.1 --figure strip.png",
        "adamml classify long.mp4 --every-seconds 1 --csv > timeline.csv",
    ),
    "batch": ("adamml batch videos/ rows/ --format parquet",),
    "watch": ("adamml watch rtsp://camera/stream",),
    "flops": ("adamml flops model.adamml",),
    "models": ("adamml models", "adamml models runs/ --json"),
    "train": ("adamml train experiments/synth.toml --device cpu",),
    "evaluate": (
        "adamml evaluate manifest.csv --split test --figures figures/",
        "adamml evaluate manifest.csv --frontier --plot curve.svg",
    ),
    "experiment": ("adamml experiment ablations",),
    "export": ("adamml export run/model.safetensors model.adamml",),
    "convert": ("adamml convert checkpoint.pth.tar out.safetensors --labels classes.txt",),
    "synth": ("adamml synth clips/",),
    "samples": ("adamml samples clips/", "adamml classify clips/three-scenes.mp4"),
}


def epilog(command: str) -> str:
    """Paragraphs apart, as the help's renderer would otherwise join the lines."""
    return "\n\n".join(("Examples:", *EXAMPLES[command]))
