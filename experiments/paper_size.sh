#!/usr/bin/env bash
# The paper's networks on one GPU; meant for a quarter of an hour, not run yet. From the repository's root:
#
#   experiments/paper_size.sh pack FOLDER   FOLDER has manifest.csv and videos/: smaller copies of them go to build/av13
#   experiments/paper_size.sh run [OUT]     train experiments/paper_av13.toml, evaluate; figures go to OUT, build/paper_size
#
# Weights of ImageNet come from torchvision's hub. Where that cannot be reached, put its files into
# $TORCH_HOME/hub/checkpoints first: resnet50-0676ba61.pth and mobilenet_v2-b0353104.pth.
set -euo pipefail
PACKED=build/av13
PYTHON=${PYTHON:-.venv/bin/python}
FFMPEG=${FFMPEG:-ffmpeg}
export FFMPEG

# From, to: the short side 256 at most, which is what networks are given, and sound in one channel.
pack_clip() {
  local small="scale='if(gt(iw,ih),-2,2*trunc(min(256,iw)/2))':'if(gt(iw,ih),2*trunc(min(256,ih)/2),-2)'"
  mkdir -p "$(dirname "$2")"
  "$FFMPEG" -v error -nostdin -y -i "$1" -vf "$small" -c:v libx264 -preset slow -crf 35 \
    -c:a aac -b:a 48k -ac 1 -map_metadata -1 -f mp4 "$2"
}
export -f pack_clip

pack() {
  mkdir -p "$PACKED"
  (cd "$1" && find videos -type f ! -name '.*' -print0) |
    xargs -0 -P "$(nproc)" -I{} bash -c 'pack_clip "$1/$3" "$2/$3"' _ "$1" "$PACKED" {}
  install -m 644 "$1/manifest.csv" "$PACKED/"
  du -sh "$PACKED"
}

run() {
  mkdir -p "$1"
  $PYTHON -m cli.main train experiments/paper_av13.toml --device cuda --workers "$(nproc)" 2>&1 | tee "$1/train.log"
  $PYTHON -m cli.main evaluate "$PACKED/manifest.csv" --model runs/paper_av13/paper_av13.safetensors --frontier --json \
    > "$1/frontier.json"
  cp runs/paper_av13/log.jsonl "$1/"
}

case "${1:-} $#" in
  "pack 2") pack "$2" ;;
  "run 1") run build/paper_size ;;
  "run 2") run "$2" ;;
  *)
    echo "usage: $0 pack FOLDER | run [OUT]" >&2
    exit 2
    ;;
esac
