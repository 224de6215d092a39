#!/usr/bin/env bash
# Photos as people have them: turned, of every kind, with something at their borders, and some that are made to harm.
#
#   photos.sh BINARY
source "$(dirname "$0")/support/lib.sh"

make() { python3 "$here/make_photos.py" "$@"; }
accuracy() { sed -n 's/^test accuracy: \([0-9]*\).*/\1/p' "$1"; }

# What tells the classes apart is a line of 2 pixels at a border, which a window of 7/8 cuts off.
make borders borders
"$intrain" train --data folder:borders:32 --model resnet8 --epochs 8 --batch 16 --augment none --threads 1 --out whole > whole.train
check "whole photos are learned from with --augment none" test "$(accuracy whole.train)" -ge 95
"$intrain" eval --checkpoint whole/final.ckpt --threads 1 > eval
check "eval sees what training saw" test "$(accuracy eval)" = "$(accuracy whole.train)"
check "and says so" has eval '^photos: all of them seen$'
"$intrain" eval --checkpoint whole/final.ckpt --threads 1 --crop 0.875 > eval
check "eval --crop cuts the borders off" test "$(accuracy eval)" -lt 60
check "and says so, too" has eval '^photos: their middle square of 0\.875 of the shorter side seen$'
"$intrain" report whole --threads 1 --out report.html > /dev/null
check "the report tells what is seen" has report.html 'Of the photos it sees all of them\.'
"$intrain" train --data folder:borders:32 --model resnet8 --epochs 1 --batch 16 --threads 1 --out middle > middle.train
"$intrain" train --data folder:borders:32 --model resnet8 --epochs 1 --batch 16 --threads 1 --crop 0.875 --out same > same.train
check "the crop of random windows is 0.875" test "$(grep ^signature middle.train)" = "$(grep ^signature same.train)"
"$intrain" eval --checkpoint middle/final.ckpt --threads 1 > eval
check "which eval takes from the checkpoint" has eval '^photos: their middle square of 0\.875'

# Turned as a viewer turns them.
make turned turned
"$intrain" predict --checkpoint whole/final.ckpt turned/?.png --top 1 --threads 1 > predict
check "all 8 orientations are seen as a viewer shows them" test "$(grep -cE '^  top ' predict)" -eq 8
mkdir -p sides/{train,val}/{a,b} && cp turned/[1-4].png sides/train/a && cp turned/[5-8].png sides/train/b && cp turned/6.png sides/val/a && cp turned/7.png sides/val/b
"$intrain" train --data folder:sides:32 --model mlp --epochs 1 --batch 2 --threads 1 --out sides.run > sides.train
check "and train" has sides.train '^test accuracy'

# What a file is called, and which kind it is of, changes nothing.
make kinds kinds
"$intrain" predict --checkpoint whole/final.ckpt kinds/* --json --threads 1 > kinds.json
check "all kinds are read" test $? -eq 0
check "and are the same picture" python3 -c '
import json
files = json.load(open("kinds.json"))["files"]
assert len(files) == 5 and all(f["classes"] == files[0]["classes"] for f in files)'
"$intrain" predict --checkpoint whole/final.ckpt kinds/a.png --json --threads 1 --crop 0.5 > half.json
check "predict --crop sees another part" test "$(grep -c logit half.json)" -gt 0 -a "$(grep -m1 '"logit"' half.json)" != "$(grep -m1 '"logit"' kinds.json)"

# Files that are made to harm: named, and soon done with.
make bombs bombs
(
  ulimit -v 600000
  "$intrain" predict --checkpoint whole/final.ckpt bombs/* kinds/a.gif --threads 1 > bombs.out 2> bombs.err
)
check "they are refused" test $? -eq 2
check "the others are seen" has bombs.out '^kinds/a\.gif$'
check "more pixels than are of use" has bombs.err '^error: 16384x16384 pixels are too many \(bombs/huge\.png\)$'
check "a JPEG of thousands of scans" has bombs.err '^error: .*it has too many scans \(bombs/scans\.jpg\)$'
check "a kind that is not read" has bombs.err '^error: HEIC pictures are not read: convert them to JPEG \(bombs/photo\.heic\)$'
cp bombs/huge.png bombs/scans.jpg borders/train/top/
(
  ulimit -v 600000
  "$intrain" train --data folder:borders:32 --model mlp --epochs 1 --batch 16 --threads 1 --out bombs.run > bombs.train 2>&1
)
check "training leaves them out" test $? -eq 0
check "and names them" test "$(grep -cE 'top/(huge\.png|scans\.jpg): ' bombs.run/broken.txt)" -eq 2

finish "photos"
