#!/bin/sh
# One and two updates on each sample in three dimensions, simulated and solved: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/reuse smaller="" dimensions="500 2000 8000"
if [ "${1:-}" = quick ]; then picture=results/quick smaller="--set simulate.seeds=4" dimensions="200 500"; fi

files=$(sgdode integrate spec.yaml --out-dir results) labels="--label=d→∞,twice"
for repeat in 2 1; do
    for d in $dimensions; do
        files="$files $(sgdode simulate spec.yaml $smaller --set dimension=$d --set algorithm.repeat=$repeat --out-dir results)"
        if [ $repeat = 2 ]; then labels="$labels --label=d=$d,twice"; else labels="$labels --label=d=$d,once"; fi
    done
done
sgdode plot $files $labels --x samples/d --yscale linear --ylim 0.5,0.72 -o "$picture.png"
