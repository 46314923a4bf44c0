#!/bin/sh
# The risk on two tasks that are taught in turn, for three similarities: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/continual-learning smaller=""
if [ "${1:-}" = quick ]; then
    picture=results/quick smaller="--set dimension=300 --set simulate.seeds=2"
fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --out-dir results; }

for similarity in 0 0.5 0.9; do
    overlap="teacher.overlap=[[1,$similarity],[$similarity,1]]"
    sgdode plot $(run simulate --set $overlap) $(run integrate --set $overlap) --figure tasks -o "$picture-$similarity.png"
done
