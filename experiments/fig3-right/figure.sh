#!/bin/sh
# Figure 3, right: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/fig3-right smaller="" sizes="--set time.stop=10" widths="100 1000 2000"
if [ "${1:-}" = quick ]; then
    picture=results/quick smaller="--set dimension=200 --set time.stop=30" sizes="--set student.width=200 --set time.stop=10" widths="100 200"
fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --resume --out-dir results; }

files=$(run simulate $sizes)
for p in $widths; do files="$files $(run integrate --set student.width=$p)"; done
sgdode plot $files -o "$picture.png"
