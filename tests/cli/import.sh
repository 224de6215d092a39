#!/usr/bin/env bash
# Nets from elsewhere on the command line: an ONNX model as PyTorch writes it today, whose net nobody names, up to its further training; and
# what is refused, in two lines and with nothing left behind.
#
#   import.sh BINARY
source "$(dirname "$0")/support/lib.sh"

readonly data=$here/../exchange/import/data
run() { "$intrain" "$@" > out 2> err; }
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
refused "another net is followed as the graph's" "layer conv0: no Conv .* but Conv 'node_" import --onnx model/dynamo.onnx \
  --model other.toml "${images[@]}" --out other.ckpt
refused "a net that is given to train wins" "does not fit model 'other.toml'" train --init-from net.ckpt --model other.toml "${images[@]}" --epochs 1 --out other
check "its own head is left out" run import --onnx model/dynamo.onnx --new-head "${images[@]}" --out new.ckpt
refused "other images are refused" "the graph's images" import --onnx model/dynamo.onnx --data synthetic:64:16 --out other.ckpt
refused "tensors do not say their net" "the net is not given \\(--model\\)" import --safetensors none "${images[@]}" --out other.ckpt

mv model/dynamo.onnx.data outside
refused "weights must be there" "lies in 'dynamo.onnx.data', which is no file of the model's folder" \
  import --onnx model/dynamo.onnx "${images[@]}" --out other.ckpt
ln -s ../outside model/dynamo.onnx.data
refused "weights must be in the folder" "which is no file of the model's folder" \
  import --onnx model/dynamo.onnx "${images[@]}" --out other.ckpt
rm model/dynamo.onnx.data
head -c 4000 outside > model/dynamo.onnx.data
refused "weights must be whole" "lies beyond the end of 'dynamo.onnx.data'" \
  import --onnx model/dynamo.onnx "${images[@]}" --out other.ckpt

finish "import"
