#!/bin/sh
# Isotropic inputs against those with a power-law spectrum, block by block: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/structured-inputs smaller=""
if [ "${1:-}" = quick ]; then
    picture=results/quick smaller="--set dimension=1000 --set simulate.seeds=2 --set time.stop=100"
fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --out-dir results; }

structured="$(run simulate) $(run integrate)"
isotropic="$(run simulate --set inputs.spectrum=isotropic --set save=auto) $(run integrate --set inputs.spectrum=isotropic --set save=auto)"
sgdode plot $structured $isotropic -o "$picture.png"
sgdode plot $structured --figure blocks -o "$picture-blocks.png"
sgdode plot $structured --figure spectrum -o "$picture-spectrum.png"
