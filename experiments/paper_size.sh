#!/usr/bin/env bash
# The paper's networks on one GPU in about a quarter of an hour. Run from the repository's root.
#
#   experiments/paper_size.sh pack FOLDER   FOLDER has manifest.csv and its clips: smaller copies of them go to build/av13
#   experiments/paper_size.sh run [OUT]     train experiments/paper_av13.toml, evaluate; figures go to OUT, build/paper_size
#
# Weights of ImageNet come from torchvision's hub. Where that cannot be reached, put its files into
# $TORCH_HOME/hub/checkpoints first (resnet50-11ad3fa6.pth, mobilenet_v2-7ebf99e0.pth).
set -euo pipefail
PACKED=build/av13
PYTHON=${PYTHON:-.venv/bin/python}

pack_clip() { # from, to: short side 256 at most, which is what networks are given; sound as the spectrograms take it
  mkdir -p "$(dirname "$2")"
  ffmpeg -v error -nostdin -y -i "$1" -vf "scale=-2:'2*trunc(min(256,ih)/2)'" -c:v libx264 -preset slow -crf 35 \
    -c:a aac -b:a 48k -ac 1 -map_metadata -1 "$2"
}
export -f pack_clip

pack() {
  mkdir -p "$PACKED"
  (cd "$1" && find videos -type f -print0) |
    xargs -0 -P "$(nproc)" -I{} bash -c 'pack_clip "$1/$3" "$2/$3"' _ "$1" "$PACKED" {}
  cp "$1/manifest.csv" "$PACKED/"
  du -sh "$PACKED"
}

run() {
  local out=${1:-build/paper_size}
  mkdir -p "$out"
  $PYTHON -m cli.main train experiments/paper_av13.toml --device cuda --workers "$(nproc)" 2>&1 | tee "$out/train.log"
  $PYTHON -m cli.main evaluate "$PACKED/manifest.csv" --model runs/paper_av13/paper_av13.safetensors --frontier --json \
    > "$out/frontier.json"
  cp runs/paper_av13/log.jsonl "$out/"
}

"$@"
