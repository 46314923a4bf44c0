#!/bin/sh
# A student and a teacher of different activations: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/activations table=results/compare smaller=""
if [ "${1:-}" = quick ]; then picture=results/quick table=results/quick-compare smaller="--set time.stop=100 --set simulate.seeds=2"; fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --out-dir results; }

files=""
for activation in erf tanh relu; do
    simulation=$(run simulate --set teacher.activation=$activation)
    equations=$(run integrate --set teacher.activation=$activation)
    sgdode compare "$simulation" "$equations" > "$table-$activation.txt"
    files="$files $simulation $equations"
done
sgdode plot $files -o "$picture.png"
