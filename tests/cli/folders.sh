#!/usr/bin/env bash
# Folders of photos as people keep them: what is read, what is left out and told, how they are divided, and IDX files of many classes.
#
#   folders.sh BINARY
source "$(dirname "$0")/support/lib.sh"

# A photo of a class is of its color, a little brighter from one to the next.
cat > make.py << 'END'
import os, struct, sys, zlib
def png(path, color):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = (b"\0" + bytes(color) * 12) * 12
    open(path, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 12, 12, 8, 2, 0, 0, 0)) +
                           chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
def photos(folder, counts):
    for number, (name, count) in enumerate(counts.items()):
        for i in range(count):
            color = [20 + i % 40] * 3
            color[number] += 150
            png(f"{folder}/{name}/{i:02}.png", color)
def idx(path, dims, values):
    open(path, "wb").write(bytes([0, 0, 8, len(dims)]) + struct.pack(f">{len(dims)}I", *dims) + bytes(values))
# Two rows of eight pixels: of label l the first row is l + 1, so that a transposed image is another one.
def letters(prefix, labels):
    idx(prefix + "-images-idx3-ubyte", (len(labels), 8, 8), b"".join(bytes([9 * l % 256] * 8 + [0] * 56) for l in labels))
    idx(prefix + "-labels-idx1-ubyte", (len(labels),), labels)
END
make() { PYTHONPATH=. python3 -c "from make import *; $1"; }
train() { "$intrain" train --model mlp --lr 0.05 --batch 8 --threads 1 "$@"; }
signature() { grep '^signature' "$1"; }
last() { tail -n 1 "$1"; }

make 'photos("d/train", {"left": 12, "right": 12}); photos("d/val", {"left": 3, "right": 3})'
train --data folder:d:12 --out plain > plain.log
check "a folder of photos trains" has plain.log '^test accuracy'
check "nothing is left out of it" test -z "$(grep 'left out' plain.log)" -a ! -e plain/broken.txt

# What was found in photos is kept, and makes no difference.
kept() { INTRAIN_CACHE=$PWD/cache/of/mine train --data folder:kept:12 "$@"; }
cp -r d kept
sleep 3  # what has just been written may change without a trace, and is not kept
kept --out kept.run > kept.log 2>&1
check "a first start keeps what it finds in photos" test "$(ls cache/of/mine | grep -cE '^photos-[0-9a-f]{16}$')" -eq 1 -a "$(ls cache/of/mine | wc -l)" -eq 1
cp cache/of/mine/photos-* manifest
kept --out kept.again > kept.again.log 2>&1
check "a second one has nothing to add" cmp -s manifest cache/of/mine/photos-*
INTRAIN_CACHE=$PWD/cache/of/mine "$intrain" eval --checkpoint kept.run/final.ckpt --threads 1 --json eval.json > /dev/null 2> eval.err
check "and neither has eval" cmp -s manifest cache/of/mine/photos-*
check "which tells nothing of it" test ! -s eval.err
check "all train to the same bits" test "$(signature kept.log)" = "$(signature plain.log)" -a "$(signature kept.again.log)" = "$(signature plain.log)"
check "nothing in the folder is changed" diff -r d kept
printf x >> cache/of/mine/photos-*
kept --out damaged.run > damaged.log 2> damaged.err
check "a damaged manifest is told of in one line" has damaged.err '^warning: photos are read again that were checked before: it is damaged \(.*/cache/of/mine/photos-[0-9a-f]{16}\)$'
check "and in no other" test "$(wc -l < damaged.err)" -eq 1
check "and makes no difference" test "$(signature damaged.log)" = "$(signature plain.log)"
check "it is written anew" test "$(wc -c < manifest)" -eq "$(cat cache/of/mine/photos-* | wc -c)"
cp kept/train/left/05.png kept/train/left/06.png
kept --out changed.run > changed.log
train --data folder:kept:12 --out changed.too > changed.too.log
check "a changed photo is seen" test "$(signature changed.log)" != "$(signature plain.log)" -a "$(signature changed.log)" = "$(signature changed.too.log)"
INTRAIN_CACHE=/dev/null/cache train --data folder:d:12 --out unkept > unkept.log 2> unkept.err
check "where nothing can be kept, that is told" has unkept.err '^warning: the next start reads these photos again: .*/dev/null/cache/photos-'
check "and the training is the same" test "$(signature unkept.log)" = "$(signature plain.log)"
(unset INTRAIN_CACHE; XDG_CACHE_HOME=$PWD/xdg HOME=$PWD/home train --data folder:d:12 --out xdg.run; XDG_CACHE_HOME=xdg HOME=$PWD/home train --data folder:d:12 --out home.run) > /dev/null
check "it lies in the user's folder for such files" test -n "$(ls xdg/intrain)" -a -n "$(ls home/.cache/intrain)"

# All that people keep among photos.
cp -r d odd
(
  cd odd/train/left
  mkdir -p camera2/day1 && mv 00.png camera2/day1/ && mv 01.png 01 && mv 02.png 02.x
  echo a > notes.txt && echo b > more.txt && echo c > film.mp4 && touch Thumbs.db .hidden
  printf '\x00\x00\x00\x18ftypheic' > phone.heic
  for i in 1 2 3; do ln -s /media/none/$i.png link$i.png; done
  ln -s ../.. up && ln -s . self && mkfifo pipe.png && echo no > $'tab\tand\nline.png'
  cd .. && echo x > labels.csv && ln -s nowhere gone
)
train --data folder:odd:12 --out odd.run > odd.log
check "all photos are found, in subfolders and without an ending" has odd.log '24 images'
check "their endings are told" has odd.log '^photos: 30 \(\.png 28, \.x 1, no ending 1\)$'
check "the rest is told in one line" has odd.log \
  '^left out: 1 file that cannot be read, 4 files of other kinds \(\.txt 2, \.heic 1, \.mp4 1\), 4 links that lead nowhere, 2 links to folders that are read already, 1 file outside the class folders, 1 device, socket or pipe; all named in odd\.run/broken\.txt$'
check "and named, a line each" test "$(wc -l < odd.run/broken.txt)" -eq 13
check "with its reason" has odd.run/broken.txt '^odd/train/left/link2\.png: a link to /media/none/2\.png leads nowhere'
check "HEIC is called by its name" has odd.run/broken.txt 'phone\.heic: HEIC pictures are not read'
check "names of any bytes" has odd.run/broken.txt '^odd/train/left/tab\\tand\\nline\.png: '
check "what lies beside photos everywhere is not spoken of" test -z "$(grep -E 'Thumbs|hidden' odd.run/broken.txt)"
mkdir -p odd/val/left/more && echo no > odd/val/left/more/1.gif
"$intrain" eval --checkpoint odd.run/final.ckpt --threads 1 --json odd.json > odd.eval
check "eval names what it leaves out" has odd.eval '^  odd/val/left/more/1\.gif: '
check "in its JSON, too" has odd.json 'odd/val/left/more/1\.gif: '

# Other names, and a share of the training photos.
for name in valid validation test; do
  rm -rf named && cp -r d named && mv named/val named/$name
  train --data folder:named:12 --out run.$name > log
  check "the folder $name is evaluated" test "$(signature log) $(last log)" == "$(signature plain.log) $(last plain.log)"
done
cp -r d two && cp -r d/val two/valid
refused "two folders to evaluate on" "two/val and two/valid" train --data folder:two:12
cp -r d three && cp -r d/train three/test
train --data folder:three:12 --out three.run > log
for part in train:24 val:6 test:24; do
  "$intrain" eval --checkpoint three.run/final.ckpt --split ${part%:*} --threads 1 > eval
  check "eval --split ${part%:*}" has eval " ${part#*:} ${part%:*} images"
done
refused "a split that is not there" "hint: --split names" eval --checkpoint plain/final.ckpt --split test
refused "a split of no name" "--split" eval --checkpoint three.run/final.ckpt --split dev
cp -r d bare && rm -r bare/val
refused "no folder to evaluate on" "hint: --val-share" train --data folder:bare:12
mkdir hollow
refused "an empty folder" "no folder to evaluate on \\(hollow\\)" train --data folder:hollow:12
refused "a share beside a folder" "d/val" train --data folder:d:12 --val-share 0.2
train --data folder:bare:12 --val-share 0.25 --out bare.run > bare.log
check "a share is split off" has bare.log '18 images'
"$intrain" eval --checkpoint bare.run/final.ckpt --threads 1 > eval
check "eval finds it again" test "$(last eval)" == "$(last bare.log)"
"$intrain" eval --checkpoint bare.run/final.ckpt --split train --threads 1 > eval
check "and the rest" has eval ' 18 train images'
mv bare/train flat && train --data folder:flat:12 --val-share 0.25 --out flat.run > flat.log
check "the class folders alone give the same" test "$(signature flat.log) $(last flat.log)" == "$(signature bare.log) $(last bare.log)"
for spec in flat:12 flat "$work/flat/:12"; do
  "$intrain" eval --checkpoint flat.run/final.ckpt --data "folder:$spec" --threads 1 > eval
  check "by any name the folder has the same share ($spec)" test "$(last eval)" == "$(last flat.log)" -a "$(grep -c ' 6 test images' eval)" -eq 1
done
refused "class folders alone without a share" "hint: --val-share" train --data folder:flat:12
"$intrain" eval --checkpoint flat.run/final.ckpt --data folder:d/val --threads 1 > eval
check "a labelled folder alone is evaluated whole" has eval ' 6 test images'
mkdir new && cp -r d/val/right new/
"$intrain" eval --checkpoint flat.run/final.ckpt --data folder:new --threads 1 > eval
check "one of some of the classes, too" has eval ' 3 test images'
check "under the net's numbers" has eval '^ 1 right +3 '
cp -r d/val/right new/wrong
refused "a class that the net does not know" "'wrong'" eval --checkpoint flat.run/final.ckpt --data folder:new
train --data folder:flat:12 --val-share 0.25 --balance --save-every 1 --keep 99 --out whole > whole.log
rm whole/final.ckpt whole/best.ckpt whole/step-0000000[3-9].ckpt
"$intrain" train --resume whole --threads 1 > resumed.log
check "a run goes on with the same share, in the same order" test "$(signature resumed.log)" == "$(signature whole.log)"
for share in 1 -0.1 nan; do refused "a share of $share" "--val-share" train --data synthetic:64 --val-share $share; done
train --data synthetic:64 --val-share 0.25 --out memory > log
check "images in memory are split, too" has log '4[0-9] images'
"$intrain" eval --checkpoint memory/final.ckpt --split test --threads 1 > eval
check "and have their test images beside" has eval ' 16 test images'

# Rare classes.
make 'photos("rare/train", {"common": 57, "rare": 3}); photos("rare/val", {"common": 4, "rare": 4})'
train --data folder:rare:12 --out rare.run --balance > rare.log
check "classes are balanced" has rare.log '^test accuracy: 100\.00 %$'
check "which the run remembers" has rare.run/config.json '"balance": true'
train --config rare.run/config.json --out rare.again > again.log
check "with the same bits" test "$(signature again.log)" == "$(signature rare.log)"
train --data folder:rare:12 --out unbalanced > log
check "and others than without" test "$(signature log)" != "$(signature rare.log)"
"$intrain" report rare.run --out page.html --threads 1 > /dev/null
check "its command says so" has page.html ' --balance'

# IDX files of EMNIST's kind.
mkdir emnist && make 'letters("emnist/emnist-letters-train", [1 + i % 26 for i in range(104)]); letters("emnist/emnist-letters-test", [1 + i % 26 for i in range(26)])'
train --data mnist:emnist --transpose --out letters > letters.log
"$intrain" eval --checkpoint letters/final.ckpt --threads 1 --json letters.json > eval
check "eval transposes them, too" test "$(last eval)" == "$(last letters.log)"
check "their names are the labels" test "$(python3 -c 'import json; d = json.load(open("letters.json"))["classes"]; print(len(d), d[0]["class"], d[25]["class"])')" == "26 1 26"
make 'letters("emnist/emnist-balanced-train", [i % 47 for i in range(94)]); letters("emnist/emnist-balanced-test", list(range(47)))'
refused "two sets in a folder" "hint: emnist-balanced, emnist-letters" train --data mnist:emnist
train --data mnist:emnist/emnist-balanced --out balanced > log
check "one of them by its prefix" has log '^test accuracy'
refused "photos that cannot be transposed" "--transpose" train --data folder:d:12 --transpose

# Paths.
cp -r d a:b
train --data folder:a:b:12 --out colon > log
check "a colon in a path" test "$(signature log)" == "$(signature plain.log)"
HOME=$work train --data 'folder:~/d:12' --out home > log
check "a tilde in a path" test "$(signature log)" == "$(signature plain.log)"
refused "neither" "no such folder.*a:c" train --data folder:a:c

finish "folders of photos"
