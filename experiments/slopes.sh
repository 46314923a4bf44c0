#!/bin/sh
# The slopes of Theorems 1, 2 and 5 at full size, as a table and a figure (about three minutes on two cores).
set -eu
cd "$(dirname "$0")"
sgdode verify -o slopes.png
