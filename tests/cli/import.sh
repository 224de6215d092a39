#!/usr/bin/env bash
# Nets from elsewhere on the command line: an ONNX model as PyTorch writes it today, whose net nobody names, up to its further training; and
# what is refused, in two lines and with nothing left behind.
#
#   import.sh BINARY
set -uo pipefail

readonly intrain=$(realpath "$1") data=$(realpath "$(dirname "$0")/../import/data")
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
    sed 's/^/    /' out err 2> /dev/null
  fi
}
run() { "$intrain" "$@" > out 2> err; }
# refused PATTERN ARGUMENTS...
refused() {
  local pattern=$1 before after
  shift
  before=$(find . | sort)
  run "$@"
  [[ $? -eq 2 && $(wc -l < err) -eq 2 ]] && grep -q "^error: .*$pattern" err && grep -q '^hint: .' err || return 1
  after=$(find . | sort)
  [[ $before == "$after" ]]
}
touch out err
mkdir model
cp "$data"/dynamo.onnx* model
readonly images=(--data synthetic:256 --threads 1)

check "a model of PyTorch's is imported" run import --onnx model/dynamo.onnx "${images[@]}" --out net.ckpt
check "its folded batch norm is told" grep -q "batch norm was folded" out
check "it is evaluated" run eval --checkpoint net.ckpt --threads 1
check "it is exported" run export --checkpoint net.ckpt --onnx exported.onnx
check "it is trained on without its net being named" run train --init-from net.ckpt "${images[@]}" --epochs 1 --batch 32 --lr 0.01 --out run
check "the run has the net" grep -q '"model": "dynamo.toml"' run/config.json
cat > other.toml << 'NET'
[[layer]]
type = "conv"
channels = 4
size = 3
NET
check "another net is followed as the graph's" refused "layer conv0: no Conv .* but Conv 'node_" import --onnx model/dynamo.onnx \
  --model other.toml "${images[@]}" --out other.ckpt
check "a net that is given to train wins" refused "does not fit model 'other.toml'" train --init-from net.ckpt --model other.toml "${images[@]}" --epochs 1 --out other
check "its own head is left out" run import --onnx model/dynamo.onnx --new-head "${images[@]}" --out new.ckpt
check "other images are refused" refused "the graph's images" import --onnx model/dynamo.onnx --data synthetic:64:16 --out other.ckpt
check "tensors do not say their net" refused "the net is not given (--model)" import --safetensors none "${images[@]}" --out other.ckpt

mv model/dynamo.onnx.data outside
check "weights must be there" refused "lies in 'dynamo.onnx.data', which is no file of the model's folder" \
  import --onnx model/dynamo.onnx "${images[@]}" --out other.ckpt
ln -s ../outside model/dynamo.onnx.data
check "weights must be in the folder" refused "which is no file of the model's folder" \
  import --onnx model/dynamo.onnx "${images[@]}" --out other.ckpt
rm model/dynamo.onnx.data
head -c 4000 outside > model/dynamo.onnx.data
check "weights must be whole" refused "lies beyond the end of 'dynamo.onnx.data'" \
  import --onnx model/dynamo.onnx "${images[@]}" --out other.ckpt

echo "$passed checks of import passed, $failed failed"
[[ $failed -eq 0 ]]
