#!/bin/sh
# Infinite width against finite widths: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/infinite-width smaller="" widths="10 100 1000"
if [ "${1:-}" = quick ]; then picture=results/quick smaller="--set integrate.particles=100" widths="10 100"; fi
run() { command=$1; shift; sgdode "$command" spec.yaml "$@" --out-dir results; }

files=""
for p in $widths; do files="$files $(run simulate --set student.width=$p) $(run integrate --set student.width=$p)"; done
sgdode plot $files "$(run integrate $smaller)" -o "$picture.png"
