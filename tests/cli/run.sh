#!/usr/bin/env bash
# The command line as scripts rely on it: help, info, a small training, its folder, and its checkpoint evaluated again.
#
#   run.sh BINARY
set -uo pipefail

readonly intrain=$(realpath "$1")
readonly examples=$(realpath "$(dirname "$0")/../../examples")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
passed=0
failed=0
check() {
  local name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED $name"
  fi
}
has() { grep -qE -- "$2" "$1"; }
last_is() { [[ $(tail -n 1 "$1") =~ $2 ]]; }

"$intrain" --version > version
check "version" has version '^intrain [0-9]+\.[0-9]+\.[0-9]+$'
"$intrain" --help > help
for command in train eval inspect export info verify bench; do
  check "help lists $command" has help "^ +$command "
  check "help of $command" "$intrain" $command --help > "help.$command"
done
for flag in data model epochs batch lr momentum weight-decay schedule warmup seed threads out set config recipe augment mean deviation; do
  check "help of train lists --$flag" has help.train "--$flag "
done
check "help of train tells the defaults" has help.train '0\.0001'
for flag in model threads; do check "help of verify lists --$flag" has help.verify "--$flag "; done
for flag in checkpoint data batch threads; do check "help of eval lists --$flag" has help.eval "--$flag "; done
for flag in checkpoint onnx exact qdq; do check "help of export lists --$flag" has help.export "--$flag "; done
for command in peak kernels step infer; do
  check "help of bench lists $command" has help.bench "^ +$command "
  "$intrain" bench $command --help > help.$command
  for flag in seconds threads json; do check "help of bench $command lists --$flag" has help.$command "--$flag "; done
done

"$intrain" info > info
check "info shows the instruction set in use" has info '<- selected'
check "info shows the kernels" has info '^ +batch_norm_normalize +[a-z0-9]+'
check "info shows the operators without a vector kernel" has info '^ +softmax_xent +scalar +\(no vector kernel\)$'
INTRAIN_ISA=scalar "$intrain" info > info.scalar
check "info obeys INTRAIN_ISA" has info.scalar 'scalar +yes +<- selected by INTRAIN_ISA'

"$intrain" train --data synthetic:256 --model resnet8 --epochs 2 --batch 32 --threads 2 > train 2> train.err
check "train succeeds" test $? -eq 0
check "train prints nothing on stderr" test ! -s train.err
check "train ends with the accuracy" last_is train '^test accuracy: [0-9]+\.[0-9]{2} %$'
check "train prints the signature" has train '^signature: [0-9a-f]{16}$'
check "train names the run folder" has train '^run folder: runs/synthetic-resnet8-1$'
check "train names the picture" has train '^learning curve: runs/synthetic-resnet8-1/curve.png$'
for file in config.json metrics.jsonl curve.png best.ckpt final.ckpt; do check "the run folder holds $file" test -s "runs/synthetic-resnet8-1/$file"; done
check "nothing temporary is left" test -z "$(find . -name '*.tmp.*')"
"$intrain" train --data synthetic:256 --model resnet8 --epochs 2 --batch 32 --threads 1 > again
check "the second run gets a folder of its own" test -d runs/synthetic-resnet8-2
check "the same bits with one thread" test "$(grep '^signature' train)" == "$(grep '^signature' again)"
check "the same checkpoint but for its configuration" test \
  "$(stat -c %s runs/synthetic-resnet8-1/final.ckpt)" == "$(stat -c %s runs/synthetic-resnet8-2/final.ckpt)"
"$intrain" train --data synthetic:256 --model resnet8 --epochs 1 --batch 32 --set w=6 --set e1=8 > narrow
check "a narrower recipe trains" test $? -eq 0
"$intrain" train --config runs/synthetic-resnet8-3/config.json > narrow.again
check "a run's configuration gives the same bits" test "$(grep '^signature' narrow)" == "$(grep '^signature' narrow.again)"
"$intrain" eval --checkpoint runs/synthetic-resnet8-3/final.ckpt --data synthetic:256 > eval
check "eval uses the widths of the checkpoint" test "$(tail -n 1 eval)" == "$(tail -n 1 narrow)"
"$intrain" train --data synthetic:256 --lr 0.25 --set w_scale=layer --recipe wageubn --model resnet8 --epochs 2 --batch 32 --out wageubn > wageubn.train
check "the paper's recipe trains" last_is wageubn.train '^test accuracy: [0-9]+\.[0-9]{2} %$'
check "its name is kept" has wageubn/config.json '"recipe": "wageubn"'
check "flags win over it, wherever they stand" has wageubn/config.json '"lr": 0.25'
check "so do its formats" has wageubn/config.json '"w_scale": "layer"'
check "and the others are the recipe's" has wageubn/config.json '"g_scale": "constant"'
INTRAIN_ISA=scalar "$intrain" train --config wageubn/config.json --threads 1 > wageubn.again
check "the same bits from its configuration, by the reference" test "$(grep '^signature' wageubn.train)" == "$(grep '^signature' wageubn.again)"
"$intrain" eval --checkpoint wageubn/final.ckpt --data synthetic:256 > eval
check "eval uses its formats" test "$(tail -n 1 eval)" == "$(tail -n 1 wageubn.train)"
"$intrain" inspect --checkpoint wageubn/final.ckpt --batch 16 > inspect
check "inspect shows G on its grid" has inspect '^conv0 +G +[0-9]+ +-14 '
for batch in 1 7 1000; do
  "$intrain" eval --checkpoint runs/synthetic-resnet8-1/final.ckpt --data synthetic:256 --batch $batch > eval
  check "eval in batches of $batch sees the accuracy of train" test "$(tail -n 1 eval)" == "$(tail -n 1 train)"
done

"$intrain" inspect --checkpoint runs/synthetic-resnet8-1/final.ckpt --batch 16 > inspect
check "inspect succeeds" test $? -eq 0
for tensor in W A x_hat E1 E2 G; do check "inspect tells of $tensor" has inspect "^conv0 +$tensor +[0-9]+ "; done
check "inspect names its picture" has inspect '^picture: runs/synthetic-resnet8-1/inspect.png$'
check "and draws it" test -s runs/synthetic-resnet8-1/inspect.png
check "inspect names the picture of the exponents" last_is inspect '^exponents over time: runs/synthetic-resnet8-1/inspect_exponents.png$'
check "and draws it" test -s runs/synthetic-resnet8-1/inspect_exponents.png
"$intrain" export --checkpoint runs/synthetic-resnet8-1/final.ckpt --onnx net.onnx > export
check "export tells what it wrote" last_is export '^resnet8 after 2 epochs, exact: net\.onnx \([0-9]+ bytes\)$'
"$intrain" export --checkpoint runs/synthetic-resnet8-1/final.ckpt --onnx again.onnx --exact > /dev/null
check "the exact form is the default, and the same each time" cmp net.onnx again.onnx
"$intrain" export --checkpoint runs/synthetic-resnet8-1/final.ckpt --onnx qdq.onnx --qdq > export
check "export writes the other form" last_is export '^resnet8 after 2 epochs, qdq: qdq\.onnx \([0-9]+ bytes\)$'
mkdir alone && cp runs/synthetic-resnet8-1/final.ckpt alone/
"$intrain" inspect --checkpoint alone/final.ckpt --batch 16 > inspect
check "a checkpoint by itself has no exponents over time" last_is inspect '^picture: alone/inspect.png$'

# A net in a file, which the run keeps.
cp "$examples/net.toml" mine.toml
"$intrain" train --data synthetic:256 --model mine.toml --epochs 1 --batch 32 > mine
check "a net in a file trains" test $? -eq 0
check "its run folder has the file's name" test -s runs/synthetic-mine-1/final.ckpt
"$intrain" train --data synthetic:256 --model resnet8 --epochs 1 --batch 32 > same
check "and the bits of the same net by name" test "$(grep '^signature' mine)" == "$(grep '^signature' same)"
rm mine.toml
"$intrain" eval --checkpoint runs/synthetic-mine-1/final.ckpt > eval
check "eval needs the checkpoint alone" test "$(tail -n 1 eval)" == "$(tail -n 1 mine)"
"$intrain" train --config runs/synthetic-mine-1/config.json > again
check "so does the run's configuration" test "$(grep '^signature' mine)" == "$(grep '^signature' again)"
"$intrain" train --config runs/synthetic-mine-1/config.json --model mlp > mlp
check "--model wins over the configuration's net" has mlp '^training mlp '

# Photos: any PNG will do, and one file that is none.
for class in left right; do
  mkdir -p photos/train/$class photos/val/$class
  for copy in 1 2 3; do cp runs/synthetic-resnet8-$copy/curve.png photos/train/$class/$copy.png; done
  cp runs/synthetic-resnet8-1/curve.png photos/val/$class/
done
echo 'no photo' > photos/train/left/4.jpg
"$intrain" train --data folder:photos:32 --model resnet8 --epochs 1 --batch 3 > photos.train
check "photos in folders train" last_is photos.train '^test accuracy: 50\.00 %$'
check "files that cannot be read are counted" has photos.train '^left out as unreadable: 1 file$'
check "and named" has photos.train '^  photos/train/left/4\.jpg: neither'
"$intrain" train --data folder:photos:32 --model resnet8 --epochs 1 --batch 3 --threads 2 > photos.again
check "the same bits with two threads" test "$(grep '^signature' photos.train)" == "$(grep '^signature' photos.again)"
"$intrain" eval --checkpoint runs/folder-resnet8-1/final.ckpt > eval
check "eval finds the photos again" last_is eval '^test accuracy: 50\.00 %$'
mv photos/train/right photos/train/wrong && mv photos/val/right photos/val/wrong
"$intrain" eval --checkpoint runs/folder-resnet8-1/final.ckpt > /dev/null 2> eval.err
check "eval refuses other classes" has eval.err '^error: .* knows other classes'

echo "$passed checks of the command line passed, $failed failed"
[[ $failed -eq 0 ]]
