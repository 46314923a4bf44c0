#!/bin/sh
# Runs from one start within their predicted band: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/bands smaller=""
if [ "${1:-}" = quick ]; then picture=results/quick smaller="--set time.stop=40 --set simulate.seeds=50"; fi
run() { sgdode "$@" spec.yaml $smaller --resume --out-dir results; }

simulation=$(run simulate)
equations=$(run integrate)
sgdode plot "$simulation" "$equations" --runs 0:40 -o "$picture.png"
sgdode compare "$simulation" "$equations" -o "$picture-compare.png" > results/compare.txt
