#!/bin/sh
# Figure 3, right: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/fig3-right table=results/compare smaller="" judged="--set time.stop=10" widths="100 1000 2000"
if [ "${1:-}" = quick ]; then
    picture=results/quick table=results/quick-compare widths="100 200"
    smaller="--set dimension=200 --set student.width=200 --set time.stop=10"
fi
run() { command=$1; shift; sgdode "$command" spec.yaml $smaller "$@" --out-dir results; }

files=""
for p in $widths; do files="$files $(run integrate --set student.width=$p)"; done
sgdode plot $files "$(run simulate)" -o "$picture.png"
# four runs, up to where the risk has fallen twentyfold, are compared with mean field, and with all p² overlaps
several=$(run simulate $judged --set simulate.seeds=4)
all=$(run integrate $judged --set integrate.equations=gradient-flow --set integrate.rtol=1e-5)
sgdode compare "$several" "$(run integrate $judged)" > "$table.txt"
sgdode compare "$several" "$all" > "$table-gradient-flow.txt"
