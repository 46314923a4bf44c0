#!/bin/sh
# Runs from one start within their predicted band: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/bands table=results/compare smaller=""
if [ "${1:-}" = quick ]; then picture=results/quick table=results/quick-compare smaller="--set time.stop=40 --set simulate.seeds=50"; fi
run() { sgdode "$@" spec.yaml $smaller --out-dir results; }

simulation=$(run simulate)
equations=$(run integrate)
sgdode plot "$simulation" "$equations" --figure overlaps --students 0 --runs 0:12 -o "$picture.png"
sgdode compare "$simulation" "$equations" -o "$picture-compare.png" > "$table.txt"
