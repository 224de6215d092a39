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

for n in 0 1000; do "$intrain" bench step --model resnet8 --batch 16 --steps 1 --threads 2 --recompute $n --json recompute-$n.json > /dev/null; done
check "bench step says what it computes again" holds recompute-1000.json 'r["recompute"] == 1000 and "recompute" in {o["name"] for o in r["operators"]}'
check "bench step takes less memory with --recompute" python3 -c "import json; a, b = (json.load(open(f'recompute-{n}.json'))['planned_bytes'] for n in (0, 1000)); assert b < a"

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

"$intrain" bench comm --model resnet8 --image 12x12x1 --batch 4 --nodes 16 --latency 25 --bandwidth 25 --steps 2 --json comm.json > comm
check "bench comm succeeds" test $? -eq 0
check "bench comm says what it ran" holds comm.json \
  '(r["command"], r["model"], r["batch"], r["steps"]) == ("comm", "resnet8", 4, 2) and (r["network"]["nodes"], round(1e6 * r["network"]["latency_seconds"]), r["network"]["bytes_per_second"]) == (16, 25, 3.125e9)'
check "bench comm counts the sums of each batch norm" holds comm.json \
  '[(c["calls"], c["bytes"]) for c in r["collectives"][:1]] == [(9, 32 * (3 * 16 + 3 * 32 + 3 * 64))]'
check "bench comm counts gradients" holds comm.json 'r["collectives"][3]["bytes"] > r["parameters"]'
check "its model is the sum of computing and waiting" holds comm.json \
  'abs(r["model_step_seconds"] - r["compute_seconds"] - sum(w["model_seconds"] for w in r["waits"])) < 1e-9'
check "it waits in every layer with batch norm" holds comm.json '{f"conv{i}" for i in range(9)} <= {w["layer"] for w in r["waits"]}'
check "bench comm prints its tables" test "$(grep -cE '^(a step sends|a step takes|longest waits,|model of 1024 nodes) ' comm)" == 4
"$intrain" bench comm --model mlp --batch 4 --compute 50 --steps 1 --json given.json > given
check "bench comm takes another machine's time" holds given.json 'r["compute_seconds"] == 0.05'
check "and measures no waits for it" not has given measured
refused "time" "--compute is 0" bench comm --compute 0
refused "nodes" "--nodes is 1" bench comm --nodes 1
refused "latency" "--latency is -1" bench comm --latency -1
refused "bandwidth" "--bandwidth is 0" bench comm --bandwidth 0
refused "more images than a batch has" "batch" bench comm --model mlp --batch 65536 --nodes 65536 --steps 1

finish "the benchmarks"
