#!/bin/sh
# Figure 2, right: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/fig2-right smaller="" last=1e4   # of d = 50: 1e5 takes 20 minutes more
if [ "${1:-}" = quick ]; then picture=results/quick smaller="--set time.stop=1000" last=1000; fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --resume --out-dir results; }

files=""
for size in 5: 10: 50:$last; do
    d=${size%:*} stop=${size#*:}
    stop=${stop:+--set time.stop=$stop}
    simulation=$(run simulate --set dimension=$d $stop)
    equations=$(run integrate --set dimension=$d $stop)
    sgdode compare "$simulation" "$equations" > "results/compare-$d.txt"
    files="$files $simulation"
done
sgdode plot $files "$(run integrate --set integrate.fluctuations=false --set dimension=50)" -o "$picture.png"
