#!/usr/bin/env bash
# Where memory, cores and sums end: what is too large is named and refused or left out, and more threads than cores do no harm.
#
#   limits.sh BINARY
source "$(dirname "$0")/support/lib.sh"

ulimit -c 0

# Padding makes maps larger than the images, until a batch of them is more than the sums of batch norm hold.
python3 - << 'EOF'
layer = '[[layer]]\ntype = "conv"\nchannels = 2\nsize = 15\npad = 14\n'
open('grown.toml', 'w').write(layer * 17 + '[[layer]]\ntype = "average_pool"\n')
open('pools.toml', 'w').write(layer + '[[layer]]\ntype = "max_pool"\nsize = 15\nstride = 1\npad = 14\n' * 40)
open('deep.toml', 'w').write('[[layer]]\ntype = "conv"\nchannels = 2\nsize = 3\npad = 1\n' + '[[layer]]\ntype = "basic"\nchannels = 2\nrepeat = 200\n' * 500)
EOF
refused "padding beyond the sums" 'maps of 250x250 in layer conv16' train --data synthetic:9000 --model grown.toml --batch 9000 --epochs 1
refused "pools that grow" 'makes maps of' train --data synthetic:6000 --model pools.toml --batch 32 --epochs 1
refused "too many layers" 'more than 4096 layers' train --data synthetic:64 --model deep.toml --batch 32 --epochs 1

refused "frozen statistics of a new net" 'no running statistics.*--freeze-statistics' \
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

finish "limits"
