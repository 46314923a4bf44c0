#!/bin/sh
# What averages of the weights gain at a constant rate, simulated and solved: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/averaging smaller=""
if [ "${1:-}" = quick ]; then picture=results/quick smaller="--set dimension=200 --set simulate.seeds=4"; fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --out-dir results; }

last="algorithm.average={rate: 0.1}"
sgdode plot "$(run simulate)" "$(run integrate)" --figure average --x samples/d -o "$picture.png"
sgdode plot "$(run simulate --set "$last")" "$(run integrate --set "$last")" --figure average --x samples/d \
    -o "$picture-exponential.png"
