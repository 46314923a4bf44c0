#!/bin/sh
# Figure 2, right: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/fig2-right table=results/compare smaller=""
if [ "${1:-}" = quick ]; then picture=results/quick table=results/quick-compare smaller="--set time.stop=1000"; fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --out-dir results; }

files=""
for d in 5 10 50; do
    files="$files $(run simulate --set dimension=$d)"
    # several runs, up to where the risk has fallen a hundredfold, are compared
    several="--set dimension=$d --set time.stop=500"
    sgdode compare "$(run simulate $several --set simulate.seeds=6)" "$(run integrate $several)" > "$table-$d.txt"
done
sgdode plot $files "$(run integrate --set dimension=50)" -o "$picture.png"
