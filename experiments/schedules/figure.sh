#!/bin/sh
# Four schedules of the learning rate, the last of them found by `sgdode optimise`: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/schedules smaller="" nodes=16
if [ "${1:-}" = quick ]; then
    picture=results/quick smaller="--set dimension=200 --set simulate.seeds=4 --set time.stop=60" nodes=6
fi
run() { spec=$1; shift; for command in simulate integrate; do sgdode $command "$spec" $smaller "$@" --out-dir results; done; }

mkdir -p results
sgdode optimise spec.yaml $smaller --nodes $nodes --verify 32 --force -o results/optimum.yaml > results/optimum.txt
files="$(run spec.yaml) $(run spec.yaml --set "learning_rate.schedule={power: 0.5, samples: 10}")
$(run spec.yaml --set "learning_rate.schedule={hold: 12, power: 1}") $(run results/optimum.yaml)"
sgdode plot $files --x samples/d --label 'γ = 1' --label 'γ = 1' --label '1/√α' --label '1/√α' \
    --label 'held, then 1/α' --label 'held, then 1/α' --label optimum --label optimum -o "$picture.png"
