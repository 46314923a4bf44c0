#!/bin/sh
# Figure 5d: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/fig5d smaller="" times="0,1,910" width=1000
if [ "${1:-}" = quick ]; then
    picture=results/quick smaller="--set time.stop=30" times="0,1,30" width=500
fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --out-dir results; }

simulation=$(run simulate)
equations=$(run integrate --set student.width=$width)   # neurons of their own to fill a histogram
exact=$(run integrate --set student.width=inf)
sgdode plot "$simulation" "$equations" --figure histogram --times $times -o "$picture.png"
sgdode plot "$simulation" "$equations" --figure histogram -o "$picture.gif"
sgdode plot "$simulation" "$exact" -o "$picture-risk.png"
