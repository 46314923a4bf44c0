#!/bin/sh
# Figure 3, left: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/fig3-left smaller="" widths="100:8 200:8 1000:2 2000:1"
if [ "${1:-}" = quick ]; then picture=results/quick smaller="--set time.stop=100" widths="100:4 200:2"; fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --resume --out-dir results; }

files=""
for pair in $widths; do
    p=${pair%:*} seeds=${pair#*:}
    simulation=$(run simulate --set student.width=$p --set simulate.seeds=$seeds)
    equations=$(run integrate --set student.width=$p)
    if [ "$seeds" -gt 1 ]; then sgdode compare "$simulation" "$equations" > "results/compare-$p.txt"; fi
    files="$files $simulation $equations"
done
sgdode plot $files -o "$picture.png"
