#!/bin/sh
# Figure 2, right: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/fig2-right smaller=""
if [ "${1:-}" = quick ]; then picture=results/quick smaller="--set time.stop=1000"; fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --resume --out-dir results; }

files=""
for d in 5 10 50; do
    simulation=$(run simulate --set dimension=$d)
    equations=$(run integrate --set dimension=$d)
    sgdode compare "$simulation" "$equations" > "results/compare-$d.txt"
    files="$files $simulation"
done
sgdode plot $files "$(run integrate --set integrate.fluctuations=false --set dimension=50)" -o "$picture.png"
