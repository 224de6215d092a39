#!/usr/bin/env bash
# Trains net.toml on the original CIFAR-10, in integers on CPUs, in few operations: to 94 % of the test images, the mean of five seeds.
#
#   run.sh DIR [SEED...]    DIR holds data_batch_1.bin to data_batch_5.bin and test_batch.bin; seeds 0 to 4 if none are given
#
# INTRAIN is the program, build/release/intrain if not given; run folders go to OUT, a temporary folder if not given. It prints the accuracy, the
# signature and the time of each seed, and their mean; docs/results.md has them for seeds 0 to 4.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
intrain=$(realpath "${INTRAIN:-$here/../../build/release/intrain}")

if [[ $# -eq 0 || $1 == -* ]]; then
  sed -n '4p' "${BASH_SOURCE[0]}" | cut -c 5- >&2
  exit 2
fi
data=$1
shift
seeds=("$@")
[[ $# -gt 0 ]] || seeds=(0 1 2 3 4)
out=${OUT:-$(mktemp -d)}
[[ -n ${OUT:-} ]] || trap 'rm -rf "$out"' EXIT
mkdir -p "$out"

# The recipe of airbench94 (Jordan, 2024), as far as it goes in integers: a first layer that whitens and stays, convolutions that begin with the
# identity, biases that learn faster, images mirrored in alternate epochs, moved by up to 2 pixels and reflected beyond their border, softened labels
# and logits, Nesterov's momentum, a rate that rises and falls linearly, averaged weights; and, after the last epoch, images evaluated together with
# their mirror images and moved by a pixel.
recipe=(--whiten --identity --batch 256 --lr 0.375 --momentum 0.85 --nesterov --decay weights --weight-decay 0.0015
  --bias-lr-log2 4 --label-smoothing 0.2 --logit-shift 3 --schedule linear --average 7
  --mirror alternate --shift 2 --border reflect --epochs 13 --warmup 2.6)

for seed in "${seeds[@]}"; do
  run=$out/seed-$seed
  "$intrain" train --data "cifar10:$data" --model "$here/net.toml" "${recipe[@]}" --seed "$seed" --out "$run" | tee "$run.log" \
    | grep --line-buffered '^epoch .*test accuracy'
  "$intrain" eval --checkpoint "$run/final.ckpt" --test-mirror --test-shift 1 | grep '^test accuracy: ' > "$run.accuracy"
  said=$(grep -E '^(time|signature): ' "$run.log" | tr '\n' ' ')
  printf 'seed %s: %s %s\n' "$seed" "$(cat "$run.accuracy")" "$said"
done
runs=("${seeds[@]/#/$out/seed-}")
awk '{ sum += $3; n++ } END { printf "mean of %d: %.2f %%\n", n, sum / n }' "${runs[@]/%/.accuracy}"
