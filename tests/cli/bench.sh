#!/usr/bin/env bash
# The benchmarks as scripts rely on them: the keys of their JSON, and where it goes. Nothing here looks at a time.
#
#   bench.sh BINARY
source "$(dirname "$0")/support/lib.sh"

# holds FILE EXPRESSION: the file is JSON, and a Python expression over it, r, is true.
holds() { python3 -c "import json, sys; r = json.load(open(sys.argv[1])); sys.exit(not ($2))" "$1"; }
readonly keys='{"command", "model", "batch", "image", "classes", "threads", "isa", "images_per_second", "ops_per_second", "peak_share", "peak_bytes", "layers"}'

"$intrain" bench step --model resnet8 --batch 4 --steps 2 --threads 2 --json - --png step.png > step.json 2> step.err
check "bench step succeeds" test $? -eq 0
check "bench step has its keys" holds step.json "($keys | {'operators', 'planned_bytes', 'step_seconds'}) <= set(r)"
check "bench step says what it ran" holds step.json '(r["command"], r["model"], r["batch"], r["steps"], r["threads"]) == ("step", "resnet8", 4, 2, 2)'
check "bench step lists all layers" holds step.json 'len(r["layers"]) == 11 and all(l["name"] for l in r["layers"])'
check "bench step takes each pass of a convolution" holds step.json \
  'all({"conv_forward", "normalize_forward", "conv_backward_data", "conv_backward_weights", "normalize_backward"} <= set(l) for l in r["layers"][1:9])'
check "the first layer has no backward data" holds step.json '"conv_backward_data" not in r["layers"][0]'
check "bench step counts operations" holds step.json \
  'r["layers"][1]["conv_forward"]["operations"] == r["layers"][1]["conv_backward_data"]["operations"] == 2 * 4 * 32 * 32 * 16 * 16 * 9'
check "the operators add up to the step" holds step.json \
  'abs(sum(o["share"] for o in r["operators"]) - 1) < 1e-6 and {"update", "quantize_weights"} <= {o["name"] for o in r["operators"]}'
check "bench step prints its tables beside the JSON" grep -q '^slowest layers' step.err
check "bench step draws a picture" test "$(head -c 4 step.png | od -An -tx1 | tr -d ' ')" == 89504e47

"$intrain" bench infer --model resnet8 --batch 4 --steps 2 --json infer.json > infer
check "bench infer succeeds" test $? -eq 0
check "bench infer has its keys" holds infer.json "$keys <= set(r)"
check "bench infer has no backward pass" holds infer.json 'not any("backward" in o["name"] for o in r["operators"])'
check "bench infer prints its tables" grep -q 'images/s' infer

"$intrain" bench kernels --model resnet8 --batch 2 --steps 1 --json kernels.json > kernels
check "bench kernels succeeds" test $? -eq 0
check "bench kernels has its keys" holds kernels.json "$keys <= set(r)"
check "bench kernels counts the layers of a shape" holds kernels.json 'sum(l["count"] for l in r["layers"]) == 10'
check "bench kernels tells each pass" holds kernels.json \
  'all(set(l) == {"name", "shape", "count", "forward", "backward_data", "backward_weights"} for l in r["layers"][1:])'

"$intrain" bench step --model mlp --image 8x8x1 --batch 2 --steps 1 --json mlp.json > /dev/null
check "bench takes another image size" holds mlp.json 'r["image"] == [8, 8, 1] and r["layers"][0]["shape"] == "64 -> 200"'

"$intrain" bench peak --seconds 0.001 --threads 1 --json peak.json > peak
check "bench peak succeeds" test $? -eq 0
check "bench peak has its keys" holds peak.json \
  '{"isa", "threads", "peak_instruction", "ops_per_second", "read_bytes_per_second", "copy_bytes_per_second"} <= set(r)'

finish "the benchmarks"
