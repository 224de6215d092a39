#!/usr/bin/env bash
# Where memory, cores and sums end: what is too large is named and refused or left out, and more threads than cores do no harm.
#
#   limits.sh BINARY
set -uo pipefail

readonly intrain=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
ulimit -c 0
passed=0
failed=0

check() { # NAME COMMAND...
  if "${@:2}"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED $1"
  fi
}
has() { grep -q -- "$2" "$1"; }
# refused PATTERN ARGUMENTS...: exit status 2 and two lines, the first with PATTERN; no run folder.
refused() {
  "$intrain" "${@:2}" --out refused > out 2> err
  [[ $? -eq 2 && $(wc -l < err) -eq 2 && ! -e refused ]] && sed -n 1p err | grep -q -- "$1" && sed -n 2p err | grep -q '^hint: .'
}

# Padding makes maps larger than the images, until a batch of them is more than the sums of batch norm hold.
python3 - << 'EOF'
layer = '[[layer]]\ntype = "conv"\nchannels = 2\nsize = 15\npad = 14\n'
open('grown.toml', 'w').write(layer * 3)
open('pools.toml', 'w').write(layer + '[[layer]]\ntype = "max_pool"\nsize = 15\nstride = 1\npad = 14\n' * 40)
open('deep.toml', 'w').write('[[layer]]\ntype = "conv"\nchannels = 2\nsize = 3\npad = 1\n' + '[[layer]]\ntype = "basic"\nchannels = 2\nrepeat = 200\n' * 500)
EOF
check "padding beyond the sums" refused 'maps of 54x54 in layer conv2' train --data synthetic:6000 --model grown.toml --batch 6000 --epochs 1
check "pools that grow" refused 'makes maps of' train --data synthetic:6000 --model pools.toml --batch 32 --epochs 1
check "too many layers" refused 'more than 4096 layers' train --data synthetic:64 --model deep.toml --batch 32 --epochs 1

check "frozen statistics of a new net" refused 'no running statistics.*--freeze-statistics' \
  train --data synthetic:64 --model resnet8 --epochs 1 --freeze-statistics

# A photo that memory cannot hold is listed and left out, by any number of threads, in training and in eval; predict names it.
python3 - << 'EOF'
import os, struct, zlib
def png(path, side, rows, interlaced=0):
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    open(path, 'wb').write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, 1, 0, 0, 0, interlaced)) +
                           chunk(b'IDAT', zlib.compress(rows, 9)) + chunk(b'IEND', b''))
for split, count in (('train', 8), ('val', 2)):
    for label in range(2):
        os.makedirs(f'd/{split}/class{label}')
        for i in range(count):
            png(f'd/{split}/class{label}/{i}.png', 16, bytes([0, 255 * label, (37 * i) % 256] * 16))
side = 8000  # 192 MB of pixels, which come in seven passes: all must be there
passes = ((8, 8, 0, 0), (8, 8, 4, 0), (4, 8, 0, 4), (4, 4, 2, 0), (2, 4, 0, 2), (2, 2, 1, 0), (1, 2, 0, 1))  # steps and first of x and y
size = sum(-(-(side - y) // dy) * (1 + (-(-(side - x) // dx) + 7) // 8) for dx, dy, x, y in passes)
for path in ('d/train/class1/large.png', 'd/val/class0/large.png'):
    png(path, side, bytes(size), 1)
EOF
little_memory() { (ulimit -v 150000; "$intrain" "$@"); }
for threads in 1 2; do
  little_memory train --data folder:d:8 --model mlp --augment none --epochs 1 --batch 8 --threads $threads --out run$threads > out 2> err
  check "training with little memory, $threads threads" test $? -eq 0
  check "the large photo is left out, $threads threads" has run$threads/broken.txt 'd/train/class1/large.png: memory cannot hold it'
  check "the others are not, $threads threads" test "$(wc -l < run$threads/broken.txt)" -eq 2
  little_memory eval --checkpoint run$threads/final.ckpt --threads $threads > out 2>> err
  check "eval with little memory, $threads threads" test $? -eq 0
  check "eval lists the large photo, $threads threads" has out 'd/val/class0/large.png: memory cannot hold it'
done
little_memory predict --checkpoint run1/final.ckpt --threads 1 d/val/class0/large.png d/val/class0/0.png > out 2> err
check "predict names it" grep -q 'large.png' err

# The same training, whatever there is of cores and threads.
train_on() { # THREADS CORES
  taskset -c "$2" "$intrain" train --data synthetic:256 --model resnet8 --epochs 1 --batch 32 --threads "$1" --out "t$1-$2" | grep signature
}
first=$(taskset -cp $$ | sed 's/.*: *//; s/[-,].*//')
check "more threads than cores compute the same" test "$(train_on 8 "$first")" = "$(train_on 1 "$first")"
check "the default is the cores that it may use" test "$(taskset -c "$first" "$intrain" info | grep -c '^threads: 1 available')" -eq 1

echo "$passed checks of limits passed, $failed not"
[[ $failed -eq 0 ]]
