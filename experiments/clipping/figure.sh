#!/bin/sh
# Losses under heavy label noise, simulated and solved: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/clipping smaller=""
if [ "${1:-}" = quick ]; then picture=results/quick smaller="--set dimension=200 --set simulate.seeds=4"; fi
run() { for command in simulate integrate; do sgdode $command spec.yaml $smaller "$@" --out-dir results; done; }

files="$(run --set algorithm.loss=squared) $(run --set algorithm.loss=squared --set learning_rate=0.19)
$(run --set algorithm.loss=absolute) $(run --set "algorithm.loss={clip: 1}") $(run --set "algorithm.loss={clip: 0.3}")"
sgdode plot $files --x samples/d --label squared --label squared --label 'squared, γ = 0.19' --label 'squared, γ = 0.19' \
    --label absolute --label absolute --label 'clip 1' --label 'clip 1' --label 'clip 0.3' --label 'clip 0.3' -o "$picture.png"
