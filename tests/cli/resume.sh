#!/usr/bin/env bash
# Runs that are stopped go on to the same result: killed at random moments, interrupted, with damaged checkpoints, on a full disk.
#
#   resume.sh BINARY [KILLS [SEED]]
#
# Each start takes an instruction set, a number of threads, --recompute and --save-every at random.
source "$(dirname "$0")/support/lib.sh"

readonly kills=${2:-6}
RANDOM=${3:-$(($(date +%s) % 32768))}

readonly training=(train --data synthetic:256 --model resnet8 --epochs 3 --batch 16 --audit-every 5)
readonly steps=48
mapfile -t isas < <("$intrain" info | sed -n 's/^ *\([a-z0-9]*\) *yes.*/\1/p')
begin=$(date +%s%N)
"$intrain" "${training[@]}" --out whole > whole.log || exit 1
readonly milliseconds=$((($(date +%s%N) - begin) / 1000000 + 1))
readonly signature=$(signature_of whole.log)
# start ARGUMENTS...: with an instruction set, threads and what is computed again at random.
start() { INTRAIN_ISA=${isas[RANDOM % ${#isas[@]}]} exec "$intrain" "$@" --threads $((RANDOM % 3 + 1)) --recompute $((RANDOM % 2 * 200)); }
# Without what differs by machine and by start.
untimed() { sed -e '/^{"type": "start"/d' -e 's/, "images_per_second": .*//' "$1"; }
# What is true of every run that went on to its end.
complete() {
  local run=$1 log=$2
  [[ -n $signature && $(signature_of "$log") == "$signature" ]] &&
    diff <(seq $steps) <(sed -n 's/^{"type": "step", "step": \([0-9]*\),.*/\1/p' "$run/metrics.jsonl") &&
    diff <(untimed whole/metrics.jsonl) <(untimed "$run/metrics.jsonl") &&
    cmp whole/audit.jsonl "$run/audit.jsonl" &&
    [[ -z $(find "$run" -name '*.tmp.*') ]] &&
    [[ $("$intrain" eval --checkpoint "$run/final.ckpt" | tail -n 1) == $(tail -n 1 whole.log) ]]
}

for ((i = 1; i <= kills; i++)); do
  rm -rf run
  kill_count=0
  until [[ -s run/final.ckpt ]]; do
    if compgen -G 'run/*.ckpt' > /dev/null; then
      (start train --resume run --save-every $((RANDOM % 9)) --keep $((RANDOM % 3 + 1)) > log 2>&1) &
    else
      rm -rf run
      (start "${training[@]}" --out run --save-every $((RANDOM % 9)) --keep $((RANDOM % 3 + 1)) > log 2>&1) &
    fi
    process=$!
    if [[ $kill_count -lt 3 ]]; then
      sleep "$(printf '%d.%03d' $((moment = RANDOM * milliseconds / 32768, moment / 1000)) $((moment % 1000)))"
      kill -9 $process 2> /dev/null && kill_count=$((kill_count + 1))
    fi
    wait $process 2> /dev/null
  done
  "$intrain" train --resume run > log  # killed as it printed, maybe
  check "run $i, killed $kill_count times, ends as if it had not been" complete run log
done

for signal in INT TERM; do
  rm -rf run
  (start "${training[@]}" --out run > log 2>&1) &
  process=$!
  until grep -qs '"step": 2,' run/metrics.jsonl; do sleep 0.01; done
  kill -$signal $process
  wait $process
  status=$?
  check "SIG$signal: the exit status is 128 and the signal's number" test $status -eq $((128 + $(kill -l $signal)))
  check "SIG$signal: how it goes on is told" has log '^stopped after step [0-9]+; continue with: intrain train --resume run$'
  "$intrain" train --resume run > log
  check "SIG$signal: it ends as if it had not come" complete run log
done

# A whitened run that is at its end is told how to train on, and can be: its first layer stays.
printf "[[layer]]\ntype='conv'\nchannels=8\nsize=2\n[[layer]]\ntype='average_pool'\n" > white.toml
"$intrain" train --data synthetic:64 --model white.toml --whiten --epochs 1 --batch 16 --threads 1 --out white > log
check "a whitened net learns" test $? -eq 0
command=$("$intrain" train --resume white | sed -n 's/^.*to train on from what it learned: intrain \(.*\) N$/\1 1 --out white_on/p')
"$intrain" $command > log
check "a whitened run trains on by the command that it prints" test $? -eq 0
for run in white white_on; do
  "$intrain" export --checkpoint $run/final.ckpt --safetensors $run.safetensors > log
done
check "and its first layer stays" python3 - white.safetensors white_on.safetensors << 'END'
import json, sys
def first_layer(path):
    data = open(path, 'rb').read()
    size = int.from_bytes(data[:8], 'little')
    begin, end = json.loads(data[8:8 + size])['conv0.weight']['data_offsets']
    return data[8 + size + begin:8 + size + end]
layers = [first_layer(path) for path in sys.argv[1:]]
sys.exit(len(layers[0]) != 4 * 32 or layers[0] != layers[1])
END

# damaged FILE: a bit of it flipped.
damage() {
  local offset=$(($(stat -c %s "$1") / 3)) byte
  byte=$(od -An -tu1 -j $offset -N 1 "$1")
  printf "\\x$(printf %02x $((byte ^ 16)))" | dd of="$1" bs=1 seek=$offset conv=notrunc status=none
}
(start "${training[@]}" --out kept --save-every 1 --keep 4 > log 2>&1)
rm kept/final.ckpt kept/best.ckpt
newest=$(ls kept/step-*.ckpt | tail -n 1)
check "--keep keeps as many as it says, the final one among them" test "$(ls kept/step-*.ckpt | wc -l)" -eq 3
damage "$newest"
"$intrain" train --resume kept > log 2> err
check "a damaged checkpoint is told of" has err "^left out as damaged: $newest: "
check "and the one before it serves" complete kept log

rm -rf run && cp -r kept run && rm run/final.ckpt run/best.ckpt
for file in run/*.ckpt; do damage "$file"; done
"$intrain" train --resume run > log 2> err
check "all of them damaged: the status is 2" test $? -eq 2
check "all of them damaged: two lines say so" test "$(grep -cE '^(error: no checkpoint of the folder can be read|hint: )' err)" -eq 2

# A file system of its own that is full after a few checkpoints.
full_disk() {
  mkdir disk
  mount -t tmpfs -o size=4m none disk || exit 77
  "$intrain" "${training[@]}" --out disk/run --save-every 1 --keep 99 > log 2> err
  echo $? > status
  cp err full.err
  mount -o remount,size=64m,ro disk
  "$intrain" train --resume disk/run > log 2> read_only.err
  echo $? >> status
  mount -o remount,rw disk
  "$intrain" train --resume disk/run --keep 1 > log 2> err
  cp -r disk/run full
}
(export -f full_disk; export intrain; training_text=$(printf '%q ' "${training[@]}")
  unshare -m bash -c "training=($training_text); full_disk" 2> /dev/null)
if [[ $? -eq 77 || ! -s status ]]; then
  echo "skipped the full disk: file systems cannot be mounted here"
else
  check "a full and a read-only disk: the status is 2" test "$(tr '\n' ' ' < status)" == '2 2 '
  check "a read-only disk: two lines say so" test "$(grep -cE '^(error: cannot .*Read-only file system|hint: )' read_only.err)" -eq 2
  check "a full disk: two lines say so" test "$(grep -cE '^(error: cannot write the file: No space left on device|hint: )' full.err)" -eq 2
  check "a full disk: with space it ends as if it had not been" complete full log
fi

finish "stopped runs"
