#!/bin/sh
# Figure 4: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/fig4 table=results/compare smaller="" last=1e5
if [ "${1:-}" = quick ]; then picture=results/quick table=results/quick-compare smaller="--set time.stop=1000" last=1000; fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --out-dir results; }

files=""
for noise in 1e-4 1e-3 1e-2 0.1 1; do
    simulation=$(run simulate --set teacher.noise=$noise --set time.stop=$last)
    equations=$(run integrate --set teacher.noise=$noise)
    judge="--set time.stop=$last --set integrate.equations=full --set integrate.fluctuations=true"
    fluctuations=$(run integrate --set teacher.noise=$noise $judge)
    sgdode compare "$simulation" "$fluctuations" > "$table-$noise.txt"
    files="$files $simulation $equations"
done
sgdode plot $files -o "$picture.png"
