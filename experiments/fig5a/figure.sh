#!/bin/sh
# Figure 5a: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/fig5a table=results/compare smaller="" widths="100:8 1000:2"
if [ "${1:-}" = quick ]; then picture=results/quick table=results/quick-compare smaller="--set time.stop=100" widths="100:4"; fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --out-dir results; }

files=""
for pair in $widths; do
    p=${pair%:*} seeds=${pair#*:}
    simulation=$(run simulate --set student.width=$p --set simulate.seeds=$seeds)
    equations=$(run integrate --set student.width=$p)
    sgdode compare "$simulation" "$equations" > "$table-$p.txt"
    files="$files $simulation $equations"
done
sgdode plot $files -o "$picture.png"
