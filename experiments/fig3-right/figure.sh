#!/bin/sh
# Figure 3, right: sh figure.sh [quick]. SGD runs to t = 10 (2 minutes of one core): up to 100 it takes 15 more.
set -eu
cd "$(dirname "$0")"
picture=../figures/fig3-right smaller="" sizes="--set time.stop=10" widths="100 1000 2000"
if [ "${1:-}" = quick ]; then
    picture=results/quick smaller="--set dimension=200 --set time.stop=30" sizes="--set student.width=200 --set time.stop=10" widths="100 200"
fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --resume --out-dir results; }

files=""
for p in $widths; do files="$files $(run integrate --set student.width=$p)"; done
sgdode plot $files "$(run simulate $sizes)" -o "$picture.png"
