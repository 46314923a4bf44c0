#!/bin/sh
# What a step of SGD costs against d: sh figure.sh [quick]
set -eu
cd "$(dirname "$0")"
picture=../figures/cost
# dimension:stop with 4 million steps for the exact method, and fewer for the explicit one at a large dimension
exact="10:25000 100:2500 1000:250 10000:25 1000000:0.25 1000000000:0.00025"
explicit="10:25000 100:2500 1000:62.5 10000:0.625"
if [ "${1:-}" = quick ]; then
    picture=results/quick
    exact="10:6250 1000:62.5 1000000:0.0625" explicit="10:6250 100:625 1000:6.25"
fi
run() { sgdode simulate spec.yaml -q --out-dir results --set simulate.method=$1 --set dimension=$2 --set time.stop=$3; }

files=""
for method in exact explicit; do
    run $method 10 1 > /dev/null   # the first run of all compiles: not to be timed
    case $method in exact) sizes=$exact ;; *) sizes=$explicit ;; esac
    for size in $sizes; do files="$files $(run $method ${size%:*} ${size#*:})"; done
done
sgdode plot $files --figure cost -o "$picture.png"
