#!/bin/sh
# Figure 5c: sh figure.sh [quick]
# The runs and the mean-field equations are those of figure 3 (left): they stay in its folder, and are not computed again.
set -eu
cd "$(dirname "$0")"
picture=../figures/fig5c table=results/compare widths="100:8:1e3 200:8:1e3 1000:2:1e3 2000:2:1e3"   # width:seeds:stop
if [ "${1:-}" = quick ]; then picture=results/quick table=results/quick-compare widths="100:4:100 200:2:100"; fi
run() { command=$1; shift; sgdode "$command" ../fig3-left/spec.yaml "$@" --out-dir ../fig3-left/results; }

mkdir -p results
high="" finite="" one=""
for entry in $widths; do
    p=${entry%%:*} stop=${entry##*:} seeds=${entry%:*}
    seeds=${seeds#*:} size="--set student.width=$p --set time.stop=$stop"
    simulation=$(run simulate $size --set simulate.seeds=$seeds)
    low=$(run integrate $size)
    wrong=$(run integrate $size --set integrate.equations=mean-field-high-d)
    if [ "$seeds" -gt 1 ]; then
        sgdode compare "$simulation" "$wrong" > "$table-high-d-$p.txt"
        sgdode compare "$simulation" "$low" > "$table-mean-field-$p.txt"
        one="$simulation $wrong $low"   # the widest of those with several runs
    fi
    high="$high $simulation $wrong" finite="$finite $simulation $low"
done
sgdode plot $high -o "$picture.png"
sgdode plot $finite -o "$picture-mean-field.png"
sgdode plot $one -o "$picture-both.png"
