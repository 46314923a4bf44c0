#!/bin/sh
# Figure 3, left: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/fig3-left table=results/compare widths="100:8:1e3 200:8:1e3 1000:2:1e3 2000:2:1e3"   # width:seeds:stop
if [ "${1:-}" = quick ]; then picture=results/quick table=results/quick-compare widths="100:4:100 200:2:100"; fi
run() { command=$1; shift; sgdode "$command" spec.yaml "$@" --out-dir results; }

files=""
for entry in $widths; do
    p=${entry%%:*} stop=${entry##*:} seeds=${entry%:*}
    seeds=${seeds#*:} size="--set student.width=$p --set time.stop=$stop"
    simulation=$(run simulate $size --set simulate.seeds=$seeds)
    equations=$(run integrate $size)
    if [ "$seeds" -gt 1 ]; then sgdode compare "$simulation" "$equations" > "$table-$p.txt"; fi
    files="$files $simulation $equations"
done
sgdode plot $files -o "$picture.png"
