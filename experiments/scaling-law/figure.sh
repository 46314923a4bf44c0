#!/bin/sh
# Scaling laws of power-law spectra, simulated and solved: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/scaling-law smaller=""
if [ "${1:-}" = quick ]; then
    picture=results/quick smaller="--set dimension=1e5 --set simulate.seeds=2 --set learning_rate=0.05"
fi
run() {
    command=$1; shift
    sgdode "$command" spec.yaml $smaller --set inputs.spectrum.power=$1 --set teacher.placement.power=$2 --set time.stop=$3 \
        --out-dir results
}

files=""
for law in "1.2 0.7 0.05" "1.5 0.5 0.05" "2 0.5 0.05"; do
    files="$files $(run simulate $law) $(run integrate $law)"
done
sgdode plot $files -o "$picture.png"
sgdode plot $files --figure exponent -o "$picture-exponent.png"
