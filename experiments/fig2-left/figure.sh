#!/bin/sh
# Figure 2, left: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/fig2-left table=results/compare smaller=""
if [ "${1:-}" = quick ]; then picture=results/quick table=results/quick-compare smaller="--set time.stop=300 --set simulate.seeds=2"; fi
run() { sgdode "$@" spec.yaml $smaller --out-dir results; }

simulation=$(run simulate)
equations=$(run integrate)
sgdode plot "$simulation" "$equations" --figure trajectories --runs 0 -o "$picture.png"
sgdode plot "$simulation" "$equations" --figure trajectories --runs 0 -o "$picture.gif"
sgdode plot "$simulation" "$equations" --figure specialisation -o "$picture-specialisation.png"
sgdode compare "$simulation" "$equations" -o "$picture-compare.png" > "$table.txt"
