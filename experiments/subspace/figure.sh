#!/bin/sh
# The share of the students' norm inside the teachers' span: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/subspace smaller="" dimensions="10 100 1000"
if [ "${1:-}" = quick ]; then
    picture=results/quick smaller="--set time.stop=20 --set simulate.seeds=1" dimensions="10 100"
fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --out-dir results; }

for start in gaussian in-teacher-span; do
    files=""
    for d in $dimensions; do
        files="$files $(run simulate --set dimension=$d --set initial.kind=$start)"
        files="$files $(run integrate --set dimension=$d --set initial.kind=$start)"
    done
    sgdode plot $files --figure share -o "$picture-$start.png"
done
