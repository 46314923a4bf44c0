#!/bin/sh
# Figure 5b: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/fig5b smaller="" widths="100:8 200:8 1000:2 2000:1"
if [ "${1:-}" = quick ]; then picture=results/quick smaller="--set time.stop=100" widths="100:4 200:2"; fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --resume --out-dir results; }

mkdir -p results
high="" finite="" one=""
for pair in $widths; do
    p=${pair%:*} seeds=${pair#*:}
    simulation=$(run simulate --set student.width=$p --set simulate.seeds=$seeds)
    low=$(run integrate --set student.width=$p)
    wrong=$(run integrate --set student.width=$p --set integrate.equations=mean-field-high-d)
    if [ "$seeds" -gt 1 ]; then
        sgdode compare "$simulation" "$wrong" > "results/compare-high-d-$p.txt"
        sgdode compare "$simulation" "$low" > "results/compare-mean-field-$p.txt"
        one="$simulation $wrong $low"
    fi
    high="$high $simulation $wrong" finite="$finite $simulation $low"
done
sgdode plot $high -o "$picture.png"
sgdode plot $finite -o "$picture-mean-field.png"
sgdode plot $one -o "$picture-both.png"
