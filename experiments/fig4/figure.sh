#!/bin/sh
# Figure 4: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/fig4 smaller=""
if [ "${1:-}" = quick ]; then picture=results/quick smaller="--set time.stop=1000"; fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --resume --out-dir results; }

files=""
for noise in 1e-4 1e-3 1e-2 0.1 1; do
    simulation=$(run simulate --set teacher.noise=$noise)
    equations=$(run integrate --set teacher.noise=$noise)
    fluctuations=$(run integrate --set teacher.noise=$noise --set integrate.equations=full --set integrate.fluctuations=true)
    sgdode compare "$simulation" "$fluctuations" > "results/compare-$noise.txt"
    files="$files $simulation $equations"
done
sgdode plot $files -o "$picture.png"
