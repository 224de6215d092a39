#!/usr/bin/env bash
# Bad input to the command line: each case must exit 2 and print two lines on stderr, "error: what (where)" and "hint: what to do",
# naming the file or flag, and must leave no file behind.
#
#   bad_input.sh BINARY
source "$(dirname "$0")/support/lib.sh"

# be32 N: four bytes, big-endian.
be32() { printf "\\x$(printf %02x $(($1 >> 24 & 255)))\\x$(printf %02x $(($1 >> 16 & 255)))\\x$(printf %02x $(($1 >> 8 & 255)))\\x$(printf %02x $(($1 & 255)))"; }
zeros() { head -c "$1" /dev/zero; }
# make_set DIR SPLIT IMAGES LABELS SIDE: IDX files of black images, all with label 0.
make_set() {
  mkdir -p "$1"
  { be32 2051; be32 "$3"; be32 "$5"; be32 "$5"; zeros $(($3 * $5 * $5)); } > "$1/$2-images-idx3-ubyte"
  { be32 2049; be32 "$4"; zeros "$4"; } > "$1/$2-labels-idx1-ubyte"
}
make_good() { make_set "$1" train 32 32 12 && make_set "$1" t10k 8 8 12; }
train_tiny=(train --data synthetic:64 --model mlp --epochs 1 --batch 16 --threads 1)

# Flags.
refused "no subcommand" "subcommand"
refused "unknown subcommand" "trian" trian
refused "unknown flag" "--frobnicate" train --frobnicate 3
refused "an unknown flag and its value, in this order" "not expected: --modle mlp" train --modle mlp
refused "a number that is none" "--batch" train --batch many
refused "a number too large" "--batch" train --batch 99999999999999
refused "a fraction" "--epochs" train --epochs 1.5
refused "a flag without its value" "--model" train --model
refused "negative seed" "--seed" "${train_tiny[@]}" --seed -1
for seed in '' 0777 00 0x10 0b1 ' 5' '5 ' +5 -1 5.0 1e3 5x 18446744073709551616 99999999999999999999999 nan; do
  refused "seed '$seed'" "'${seed/+/[+]}' is not a whole number.*--seed" "${train_tiny[@]}" --seed "$seed"
done
# Each flag that takes a number reads it so.
for flag in batch epochs restarts patience accumulate recompute save-every keep threads seed; do
  refused "an octal --$flag" "'010' is not a whole number.*--$flag" "${train_tiny[@]:0:5}" "--$flag" 010
done
refused "an octal --top" "'010'.*--top" predict --checkpoint none.ckpt file.png --top 010
refused "an octal --batch of inspect" "'010'.*--batch" inspect --checkpoint none.ckpt --batch 010
refused "an octal --steps" "'010'.*--steps" bench step --steps 010
refused "an octal --calibrate" "'010'.*--calibrate" import --model mlp --data synthetic --out bad.ckpt --calibrate 010
for command in eval predict verify report import inspect "bench peak"; do
  refused "an octal --threads of $command" "'010'.*--threads" $command --threads 010
done
for lr in '' 0x1p-3 ' 0.1' 0.1x 0,1 1e999; do refused "learning rate '$lr'" "'$lr' is not a number.*--lr" "${train_tiny[@]}" --lr "$lr"; done
for flag in momentum weight-decay warmup label-smoothing val-share; do
  refused "a hexadecimal --$flag" "'0x1p-3' is not a number.*--$flag" "${train_tiny[@]}" "--$flag" 0x1p-3
done
refused "hexadecimal seconds" "'0x1p-3'.*--seconds" bench peak --seconds 0x1p-3
for list in , 0.5, ,0.5 0.5,,0.5 0.5,0x1p-1 '0.5, 0.5'; do
  refused "--mean '$list'" "is not a number.*--mean" "${train_tiny[@]}" --mean "$list" --deviation 0.5
done
for mean in nan inf -inf; do refused "--mean $mean" "not possible.*--mean" "${train_tiny[@]}" "--mean=$mean" --deviation 0.5; done
for flag in data model out init-from resume config; do refused "an empty --$flag" "empty.*--$flag" "${train_tiny[@]:0:1}" "--$flag" ''; done
refused "an empty --json" "empty.*--json" eval --checkpoint none.ckpt --json ''
refused "an empty picture" "empty.*image" predict --checkpoint none.ckpt a.png '' b.png
refused "batch 0" "--batch" "${train_tiny[@]}" --batch 0
refused "batch larger than the set" "--batch" train --data synthetic:8 --batch 9
refused "epochs 0" "--epochs" train --epochs 0
for lr in 0 -0.1 nan inf 1e9 1e-30; do refused "learning rate $lr" "--lr" train --lr "$lr"; done
refused "learning rate that is no number" "--lr" train --lr fast
for momentum in 1 -0.5 nan; do refused "momentum $momentum" "--momentum" train --momentum "$momentum"; done
for decay in -1 nan 2 1e-300; do refused "weight decay $decay" "--weight-decay" train --weight-decay "$decay"; done
refused "unknown schedule" "--schedule" train --schedule up
refused "unknown augmentation" "--augment" train --augment all
refused "a shift that is no number" "'far' is not possible \\(--shift\\)" train --shift far
refused "a square larger than the images" "13 cut out of images of 12x12.*--cutout" "${train_tiny[@]}" --cutout 13
refused "two shares of three" "--color-jitter" train --color-jitter 0.1,0.2
refused "a border that no image is moved beyond" "no image is moved.*--border" "${train_tiny[@]}" --augment none --border black
refused "nor moved by nothing" "no image is moved.*--border" "${train_tiny[@]}" --shift 0 --border black
refused "a decay that there is not" "no weight decay.*--decay" "${train_tiny[@]}" --decay weights --weight-decay 0
refused "a crop of what are no photos" "no photos to crop.*--crop" "${train_tiny[@]}" --crop 0.5
refused "a format given twice" "given twice \\(--set w\\)" "${train_tiny[@]}" --set w=8 --set w=4
refused "a format that another does not go with: what to write" "hint: leave it out, or choose --set g_scale=shift" "${train_tiny[@]}" --recipe wageubn --nesterov
refused "a crop of nothing" "'0\.05' is not possible \(--crop\)" train --crop 0.05
refused "a crop of nothing: what there is" "hint: whole or auto" train --crop 0.05
refused "warm-up as long as the training" "--warmup" train --epochs 2 --warmup 2
refused "a look ahead without a momentum" "--nesterov" train --nesterov --momentum 0
refused "a momentum of an optimizer without one" "0.5 for an optimizer without one \\(--momentum\\)" train --optimizer plain --momentum 0.5
refused "restarts of a schedule that has none" "--restarts" train --schedule step --restarts 1
refused "no threads" "--threads" train --threads 0

refused "a mean without deviation" "1 means and 0 deviations.*--deviation" "${train_tiny[@]}" --mean 0.5
refused "a mean out of range" "--mean" "${train_tiny[@]}" --mean 1.5 --deviation 0.5
refused "no deviation at all" "--deviation" "${train_tiny[@]}" --mean 0.5 --deviation 0
refused "means for other images" "3 means for images of 1 channel .*--mean" "${train_tiny[@]}" --mean 0.5,0.5,0.5 --deviation 0.2,0.2,0.2

refused "a report without runs" "run" report
refused "a report of no folder" "no such folder \\(none\\)" report none
mkdir hollow
refused "a report of a folder without a run" "no run \\(hollow\\)" report hollow
rmdir hollow

# Settings of the number formats, and configuration files.
refused "a setting without a value" "--set" "${train_tiny[@]}" --set w
refused "a width too large" "--set.*w|w.*--set" "${train_tiny[@]}" --set w=9
refused "a width that is no number" "--set" "${train_tiny[@]}" --set w=many
refused "a setting nobody knows" "bits.*--set|--set.*bits" "${train_tiny[@]}" --set bits=8
refused "a recipe nobody knows" "wage.*--recipe" "${train_tiny[@]}" --recipe wage
refused "a scale nobody knows" "--set w_scale" "${train_tiny[@]}" --set w_scale=channel
for bad in "--momentum 0.9" "--lr 1.5" "--set w_stored=30" "--set g=16" "--set round_g=nearest"; do
  flag=${bad%%=*}
  refused "the fixed grids and $bad" "${flag% [0-9]*}" "${train_tiny[@]}" --recipe wageubn $bad
done
refused "a rounding nobody knows" "--set" "${train_tiny[@]}" --set round_e=up
refused "a configuration that is not there" "none.json" "${train_tiny[@]}" --config none.json
echo '{"model": "mlp"' > half.json
refused "a configuration cut short" "half.json" "${train_tiny[@]}" --config half.json
echo '{"modle": "mlp"}' > unknown.json
refused "a configuration with an unknown key" "unknown.json.*modle|modle.*unknown.json" "${train_tiny[@]}" --config unknown.json
echo '{"widths": {"w": 9}}' > wide.json
refused "a configuration with a width too large" "wide.json" "${train_tiny[@]}" --config wide.json
echo '{"epochs": 0}' > short.json
refused "a configuration with a value that is not possible" "0 is not possible \\(--config short.json, epochs\\)" "${train_tiny[@]:0:1}" --config short.json
refused "a flag that wins over a configuration" "0 is not possible \\(--epochs\\)" "${train_tiny[@]:0:1}" --config short.json --epochs 0
refused "no threads to verify" "--threads" verify --threads 0
refused "a model without a published signature" "resnet20.*--model" verify --model resnet20
ulimit -Sv 2000000  # fewer than 256 stacks of 8 MB
refused "more threads than the system grants" "cannot start 1000 threads.*--threads" verify --threads 1000
ulimit -Sv "$(ulimit -Hv)"
refused "unknown model" "resnet9" train --data synthetic:64 --model resnet9 --batch 16
refused "a net's file that is not there" "No such file.*none.toml" train --data synthetic:64 --batch 16 --model none.toml
echo '[[layer]' > net.toml
refused "a net's file that is no TOML" "net.toml, line 1" train --data synthetic:64 --batch 16 --model net.toml
printf '[[layer]]\ntype = "conv"\n' > net.toml
refused "a layer without its members" "'channels' is missing.*net.toml, layer 1" train --data synthetic:64 --batch 16 --model net.toml
printf '[[layer]]\ntype = "conv"\nchannels = 8\nsize = 13\n' > wide.toml
refused "a layer larger than the images" "12x12.*too small.*wide.toml, layer 1" train --data synthetic:64:12 --batch 16 --model wide.toml
refused "images too small for the model" "4x4.*too small.*--model" train --data synthetic:16:4 --model vgg_small --batch 16
refused "generated images of an odd size" "'18'.*--data" train --data synthetic:16:18
refused "too many generated images" "2000 images of 512x512.*--data" train --data synthetic:2000:512
refused "photos without a folder" "folder.*--data" train --data folder
refused "a folder of photos that is not there" "none" train --data folder:none
mkdir -p photos/train/a photos/val
refused "one class of photos" "photos/train" train --data folder:photos
mkdir photos/train/b photos/val/b; echo text > photos/val/b/1.png
refused "no photo that can be read" "photos/val" train --data folder:photos
refused "photos of an impossible size" "'9999'.*--data" train --data folder:photos:9999
refused "an audit of no folder" "no such folder \\(none\\)" audit none
refused "eval without a checkpoint" "--checkpoint" eval --data synthetic
refused "predict without a checkpoint" "--checkpoint" predict file.png
refused "predict without pictures" "image" predict --checkpoint none.ckpt
refused "predict with a checkpoint that is not there" "none.ckpt" predict --checkpoint none.ckpt file.png
refused "predict of no classes" "--top" predict --checkpoint none.ckpt file.png --top 0
refused "predict batch 0" "--batch" predict --checkpoint none.ckpt file.png --batch 0
refused "predict without threads" "--threads" predict --checkpoint none.ckpt file.png --threads 0
refused "inspect without a checkpoint" "--checkpoint" inspect
refused "inspect of a checkpoint that is not there" "none.ckpt" inspect --checkpoint none.ckpt
refused "export without a checkpoint" "--checkpoint" export --onnx out.onnx
refused "export of nothing" "--onnx, --safetensors" export --checkpoint none.ckpt
refused "a form of no model" "--onnx" export --checkpoint none.ckpt --safetensors out --qdq
refused "export of a checkpoint that is not there" "none.ckpt" export --checkpoint none.ckpt --onnx out.onnx
refused "export in two forms at once" "--exact" export --checkpoint none.ckpt --onnx out.onnx --exact --qdq
refused "inspect of no images" "--batch" inspect --checkpoint none.ckpt --batch 0
import=(import --model mlp --data synthetic:64 --out bad.ckpt)
refused "import of nothing" "no file.*--safetensors" "${import[@]}"
refused "import of a file that is not there" "none.safetensors" "${import[@]}" --safetensors none.safetensors
refused "import of two files" "--onnx.*--safetensors|--safetensors.*--onnx" "${import[@]}" --safetensors a --onnx b
echo 'a text that is longer than eight bytes' > text
refused "import of a text as tensors" "not a safetensors file.*text" "${import[@]}" --safetensors text
refused "import of a text as a model" "not an ONNX model.*text" "${import[@]}" --onnx text
printf '\2\0\0\0\0\0\0\0{}' > empty.safetensors
refused "import of no tensors" "the net has 4 linear layers, the file 0.*empty.safetensors" "${import[@]}" --safetensors empty.safetensors
refused "import by a prefix that no tensor has" "begins with 'ema[.]'.*empty.safetensors" "${import[@]}" --safetensors empty.safetensors --prefix ema
refused "import in the order of modules that are not there" "empty.safetensors is called 'first' \\(--order\\)" "${import[@]}" --safetensors empty.safetensors --order first,second
refused "an order for a graph" "--order.*--safetensors" "${import[@]}" --onnx text --order first
refused "unknown border" "--border" train --border grey
refused "import without a checkpoint to write" "--out" import --model mlp --data synthetic:64 --safetensors empty.safetensors
refused "import of less than no images" "--calibrate" "${import[@]}" --safetensors empty.safetensors --calibrate -1
refused "import of a pre-activation net" "resnet8_v2.*--model" import --model resnet8_v2 --data synthetic:64 --out bad.ckpt --safetensors empty.safetensors
refused "export without a file to write" "--onnx" export --checkpoint none.ckpt
INTRAIN_ISA=z80 refused "unknown instruction set" "z80.*INTRAIN_ISA" verify

# Benchmarks.
refused "no benchmark" "benchmark" bench
refused "unknown benchmark" "leap" bench leap
refused "a benchmark's unknown flag" "--frobnicate" bench step --frobnicate
refused "a benchmark of an unknown model" "resnet9.*--model" bench kernels --model resnet9
refused "a benchmark without threads" "--threads" bench peak --threads 0
refused "a benchmark of batch 0" "--batch" bench infer --batch 0
refused "a benchmark of no steps" "--steps" bench step --steps 0
for seconds in 0 -1 nan 1e9; do refused "a benchmark of $seconds seconds" "--seconds" bench step --seconds $seconds; done
refused "steps and seconds" "--steps.*--seconds|--seconds.*--steps" bench step --steps 2 --seconds 2
for image in 32 32x32 32x32x3x1 0x32x3 99999x32x3 axbxc -1x32x3 '32x 32x3' +32x32x3 032x32x3 32x32x 32x32x3x; do refused "images of $image" "--image" bench step --image "$image"; done
refused "images too large for the model" "too large.*--image" bench step --image 4000x4000x3 --batch 1
refused "a benchmark's result below nothing" "--json none/result.json" bench step --json none/result.json
refused "a benchmark's picture below nothing" "--png none/step.png" bench step --png none/step.png

# Data.
refused "unknown data" "imagenet.*--data" train --data imagenet
refused "data without its folder" "cifar10.*--data" train --data cifar10
refused "missing folder" "no such folder.*none" train --data mnist:none
refused "missing CIFAR folder" "no such folder.*none" train --data cifar100:none
mkdir empty
refused "empty folder" "empty/train-images" train --data mnist:empty
refused "empty CIFAR folder" "empty/data_batch_1.bin" train --data cifar10:empty
make_good set && truncate -s -1 set/train-images-idx3-ubyte
refused "truncated images" "truncated.*set/train-images" train --data mnist:set
make_good set && truncate -s -1 set/t10k-labels-idx1-ubyte
refused "truncated test labels" "truncated.*set/t10k-labels" train --data mnist:set
make_good set && truncate -s +1 set/train-images-idx3-ubyte
refused "bytes after the images" "after the last.*set/train-images" train --data mnist:set
make_good set && gzip -f set/train-images-idx3-ubyte && truncate -s -9 set/train-images-idx3-ubyte.gz
refused "truncated gzip" "set/train-images-idx3-ubyte.gz" train --data mnist:set
rm -r set && make_good set && cp set/train-labels-idx1-ubyte set/train-images-idx3-ubyte
refused "wrong magic number" "magic number 2049.*set/train-images" train --data mnist:set
make_good set && { be32 2049; be32 32; zeros 30; printf '\x0a\x00'; } > set/train-labels-idx1-ubyte
refused "label out of range" "label 10 of image 30.*set/train-labels" train --data mnist:set
make_set set train 32 31 12
refused "fewer labels than images" "32 images but 31 labels" train --data mnist:set
make_set set train 32 32 13
refused "two image sizes" "13x13.*12x12" train --data mnist:set
make_good set && { be32 2051; be32 16777216; be32 28; be32 28; } > set/train-images-idx3-ubyte
refused "a header that promises 13 GB" "set/train-images" train --data mnist:set
mkdir cifar && for i in 1 2 3 4 5; do zeros 3073 > "cifar/data_batch_$i.bin"; done && zeros 3072 > cifar/test_batch.bin
refused "truncated CIFAR" "3072 of 3073.*cifar/test_batch.bin" train --data cifar10:cifar
{ printf '\x0a'; zeros 3072; } > cifar/test_batch.bin
refused "CIFAR label out of range" "label 10 of image 0.*cifar/test_batch.bin" train --data cifar10:cifar

# The run folder.
touch file
refused "a file as run folder" "--out file" "${train_tiny[@]}" --out file
refused "a run folder below a file" "--out file/run" "${train_tiny[@]}" --out file/run
refused "a run folder that cannot be made" "--out /proc/none" "${train_tiny[@]}" --out /proc/none/run
"$intrain" "${train_tiny[@]}" --out run > /dev/null || { failed=$((failed + 1)); echo "FAILED a run that should work"; }
refused "a folder that holds a run" "--out run" "${train_tiny[@]}" --out run
refused "a setting of a run that goes on" "--lr" train --resume run --lr 0.2
refused "other data for a run that goes on" "--data synthetic:128" train --resume run --data synthetic:128
refused "no run to go on with" "--resume none" train --resume none
ln -s circle circle
for folder in "$(printf 'n%.0s' {1..300})" circle; do
  refused "to go on in ${folder:0:10}" "${folder:0:10}" train --resume "$folder"
  refused "a report of ${folder:0:10}" "${folder:0:10}" report "$folder"
  refused "a run folder of ${folder:0:10}" "${folder:0:10}" "${train_tiny[@]}" --out "$folder"
  refused "a checkpoint of ${folder:0:10}" "${folder:0:10}" eval --checkpoint "$folder"
  refused "an output of ${folder:0:10}" "${folder:0:10}" bench peak --json "$folder"
  refused "photos of ${folder:0:10}" "${folder:0:10}" train --data "folder:$folder:32"
  refused "a configuration of ${folder:0:10}" "${folder:0:10}" train --config "$folder"
  refused "a net of ${folder:0:10}" "${folder:0:10}" train --data synthetic:64 --model "$folder.toml"
done
mkdir bare
refused "a folder without a checkpoint to go on from" "no checkpoint.*--resume bare" train --resume bare
refused "steps between checkpoints below 0" "--save-every" "${train_tiny[@]}" --save-every -1
refused "label smoothing of 1" "--label-smoothing" "${train_tiny[@]}" --label-smoothing 1
refused "no batch a step" "--accumulate" "${train_tiny[@]}" --accumulate 0
refused "more batches a step than there are" "--accumulate" "${train_tiny[@]}" --accumulate 100
refused "patience below 0" "--patience" "${train_tiny[@]}" --patience -1
refused "a pattern that names nothing" "conv.*--freeze" "${train_tiny[@]}" --freeze 'conv*'
refused "nothing left to train" "--freeze" "${train_tiny[@]}" --freeze '*'
refused "no such checkpoint to begin from" "none.ckpt" "${train_tiny[@]}" --init-from none.ckpt
refused "a checkpoint of another net to begin from" "resnet8.*--init-from run/final.ckpt" train --data synthetic:64 --batch 64 --model resnet8 --init-from run/final.ckpt
refused "no checkpoint to keep" "--keep" "${train_tiny[@]}" --keep 0

# Checkpoints.
refused "no such checkpoint" "cannot open.*none.ckpt" eval --checkpoint none.ckpt --data synthetic:64
refused "a folder as checkpoint" "run" eval --checkpoint run --data synthetic:64
refused "another file as checkpoint" "not an intrain checkpoint.*config.json" eval --checkpoint run/config.json --data synthetic:64
cp run/final.ckpt bad.ckpt
offset=$(($(stat -c %s bad.ckpt) / 2))
byte=$(od -An -tu1 -j $offset -N 1 bad.ckpt)
printf "\\x$(printf %02x $((byte ^ 1)))" | dd of=bad.ckpt bs=1 seek=$offset conv=notrunc status=none
refused "a checkpoint with a flipped bit" "fingerprint.*bad.ckpt" eval --checkpoint bad.ckpt --data synthetic:64
head -c $offset run/final.ckpt > bad.ckpt
refused "half a checkpoint" "bad.ckpt" eval --checkpoint bad.ckpt --data synthetic:64
make_set other train 32 32 16 && make_set other t10k 8 8 16
refused "a checkpoint of other images" "mlp is for 12x12x1.*mnist:other has 16x16x1" eval --checkpoint run/final.ckpt --data mnist:other
make_good digits
refused "mirror images of digits" "something else in a mirror.*--test-mirror" eval --checkpoint run/final.ckpt --data mnist:digits --test-mirror
refused "images moved beyond themselves" "have no reflection to be moved by 40 pixels.*--test-shift" eval --checkpoint run/final.ckpt --test-shift 40
refused "tensors to a folder that is not there" "none/out" export --checkpoint run/final.ckpt --safetensors none/out
refused "export to a folder that is not there" "none/out.onnx" export --checkpoint run/final.ckpt --onnx none/out.onnx
refused "eval batch 0" "--batch" eval --checkpoint run/final.ckpt --data synthetic:64 --batch 0
refused "eval's result below nothing" "--json none/eval.json" eval --checkpoint run/final.ckpt --json none/eval.json
refused "eval's picture below nothing" "--confusion none/eval.png" eval --checkpoint run/final.ckpt --confusion none/eval.png
refused "predict with half a checkpoint" "bad.ckpt" predict --checkpoint bad.ckpt file.png
refused "predict of a file that is no picture" "no picture.*run/config.json" predict --checkpoint run/final.ckpt run/config.json

# A limit on file sizes (blocks of 1024 bytes) stands in for a full disk: the checkpoint does not fit, nothing of it may stay.
rm -rf run
(ulimit -f 40; "$intrain" "${train_tiny[@]}" --out run > /dev/null 2> err)
status=$?
if [[ $status -eq 2 && $(wc -l < err) -eq 2 ]] && grep -q '^error: .*run/step-00000000.ckpt' err && [[ -z $(find run -name '*ckpt*') ]]; then
  passed=$((passed + 1))
else
  failed=$((failed + 1))
  echo "FAILED full disk: exit status $status; $(cat err); $(ls run)"
fi

finish "bad input"
