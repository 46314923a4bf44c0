#!/bin/sh
# Figure 1: where 1/d, 1/p and γ put the runs of the other figures. `sh figure.sh quick` differs in the picture alone.
set -eu
cd "$(dirname "$0")"
picture=../figures/fig1.png
if [ "${1:-}" = quick ]; then picture=results/quick.png; fi

# A few right-hand sides are enough: only the settings count.
place() { sgdode integrate "$@" --set "time={stop: 1e-3, points: 2}" --set integrate.fluctuations=false --out-dir results -q; }

files="$(place ../fig2-left/spec.yaml)"
for d in 5 10 50; do files="$files $(place ../fig2-right/spec.yaml --set dimension=$d)"; done
files="$files $(place ../fig3-left/spec.yaml) $(place ../fig3-right/spec.yaml) $(place ../fig4/spec.yaml)"
files="$files $(place ../fig5a/spec.yaml) $(place ../fig5b/spec.yaml)"
sgdode plot $files --figure regimes -o "$picture"
sgdode regimes ../fig*/spec.yaml > results/regimes.txt
