#!/bin/sh
# Four schedules of the learning rate, simulated and solved, and the best of them: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/schedules verify=4000 smaller=""
if [ "${1:-}" = quick ]; then
    picture=results/quick smaller="--set dimension=300 --set simulate.seeds=20 --set time.points=20" verify=50
fi
both() { sgdode simulate "$@" $smaller --out-dir results; sgdode integrate "$@" $smaller --out-dir results; }

if [ "${1:-}" != quick ]; then
    sgdode optimise spec.yaml --set simulate.seeds=200 -o schedules-optimum.yaml --force --verify $verify > results-optimum.txt
fi
files="$(both spec.yaml --set name=constant --set gamma=0.365)
$(both spec.yaml --set name=root --set gamma=1 --set learning_rate.schedule={power:\ 0.5,samples:\ 2})
$(both spec.yaml --set name=hold --set gamma=1 --set learning_rate.schedule={hold:\ 12,power:\ 1})
$(both schedules-optimum.yaml)"
sgdode plot $files --x samples/d -o "$picture.png"
