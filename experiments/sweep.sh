#!/bin/sh
# Three ways to sweep with a shell, here over learning rates and starts of quickstart.yaml, two runs at a time. Each is
# safe to interrupt and start again: finished files are skipped, --resume goes on with stopped runs, and two runs never
# compute one file at once.
#   sh sweep.sh [for | xargs | make | sweep]      (default: xargs; the last is `sgdode sweep`, the fastest)
set -eu
cd "$(dirname "$0")"
out=${OUT:-sweep}
rates="0.5 1 2"
starts="0 1 2 3"

one() { # one RATE START: the command of a single point, which every way below runs
  printf 'sgdode integrate quickstart.yaml -q --set learning_rate.gamma=%s --set initial.seed=%s --out-dir %s --resume\n' \
    "$1" "$2" "$out"
}

points() {
  for rate in $rates; do for start in $starts; do one "$rate" "$start"; done; done
}

case ${1:-xargs} in
for) points | while read -r command; do $command; done ;;
xargs) points | xargs -P 2 -I{} sh -c '{}' ;;
make)
  {
    points | awk '{ print "point" NR ":\n\t" $0 } END { printf "all:"; for (i = 1; i <= NR; i++) printf " point%d", i; print "" }'
  } | make -s -f - -j 2 -k all
  ;;
sweep)
  sgdode sweep quickstart.yaml --command integrate -j 2 --out-dir "$out" --resume \
    --grid "learning_rate.gamma=$(echo "$rates" | tr ' ' ,)" --grid "initial.seed=$(echo "$starts" | tr ' ' ,)"
  ;;
*) echo "error: $1: for, xargs, make or sweep" >&2; exit 2 ;;
esac
sgdode collect "$out"/*.h5 -o "$out/table.csv" -q
