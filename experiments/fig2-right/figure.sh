#!/bin/sh
# Figure 2, right: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/fig2-right table=results/compare smaller="" last=1e4   # of d = 50: 1e5 takes 20 minutes more
if [ "${1:-}" = quick ]; then picture=results/quick table=results/quick-compare smaller="--set time.stop=1000" last=1000; fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --resume --out-dir results; }

files=""
for size in 5: 10: 50:$last; do
    d=${size%:*} stop=${size#*:}
    stop=${stop:+--set time.stop=$stop}
    simulation=$(run simulate --set dimension=$d $stop)
    files="$files $simulation"
    # several runs, up to where the risk has fallen a hundredfold, are compared
    several="--set dimension=$d --set time.stop=500"
    sgdode compare "$(run simulate $several --set simulate.seeds=6)" "$(run integrate $several)" > "$table-$d.txt"
done
sgdode plot $files "$(run integrate --set dimension=50)" -o "$picture.png"
