#!/usr/bin/env bash
# Ranks of MPI on this machine end as one process does, however many there are, and whatever happens to one of them.
#
#   mpi.sh BINARY       with intrain_mpi.so beside it, and the mpirun of its MPI
source "$(dirname "$0")/../cli/support/lib.sh"

readonly mpirun=(mpirun --oversubscribe --allow-run-as-root --bind-to none)
readonly training=(train --data synthetic:96 --model resnet8 --epochs 2 --batch 11 --out run --threads 1)
mapfile -t isas < <("$intrain" info | sed -n 's/^ *\([a-z0-9]*\) *yes.*/\1/p')
# ranks N ARGUMENTS...: on N ranks, each on another instruction set.
ranks() {
  local n=$1 r command=()
  shift
  for ((r = 0; r < n; r++)); do
    [[ $r -gt 0 ]] && command+=(:)
    command+=(-n 1 env INTRAIN_ISA="${isas[r % ${#isas[@]}]}" "$intrain" "$@")
  done
  exec timeout 60 "${mpirun[@]}" "${command[@]}"
}
# Without what differs by machine and by start.
untimed() { sed -e '/^{"type": "start"/d' -e 's/, "images_per_second": .*//' "$1"; }
# same_run FOLDER [AS]: it holds what the run in the folder AS does, the whole run unless given, to the last byte but for times.
same_run() {
  local as=${2:-whole} file
  for file in final.ckpt best.ckpt config.json; do cmp "$as/run/$file" "$1/run/$file" || return; done
  diff <(untimed "$as/run/metrics.jsonl") <(untimed "$1/run/metrics.jsonl")
}
# In a folder of its own: settings name the run folder.
in_folder() {
  mkdir -p "$1" && cd "$1" && "${@:2}"
}

(in_folder whole "$intrain" "${training[@]}" > whole.log)
for n in 2 3 4; do
  (in_folder on$n ranks $n "${training[@]}" > on$n.log 2> on$n.err)
  check "$n ranks: they end well" test $? -eq 0
  check "$n ranks: the signature is that of one process" test "$(signature_of on$n.log)" == "$(signature_of whole.log)"
  check "$n ranks: so are metrics and checkpoints, byte for byte" same_run on$n
  check "$n ranks: one of them tells" test "$(grep -c '^signature: ' on$n.log)" -eq 1
done
# Other kinds of nets and steps, of a few images, on one instruction set: a scalar mobilenet_v2 would take most of this script.
for kind in "widths: --model resnet8 --data synthetic:24 --batch 8 --set w=6 --set a=7 --set e2=12 --set x_hat=6" \
  "mobilenet_v2: --model mobilenet_v2 --data synthetic:4:32 --batch 4" "accumulation: --model resnet8 --data synthetic:24 --batch 4 --accumulate 2"; do
  name=${kind%%:*}
  read -ra arguments <<< "${kind#*:} --epochs 1 --threads 1 --out run"
  (in_folder "$name" "$intrain" train "${arguments[@]}" > log)
  (in_folder "$name-3" timeout 60 "${mpirun[@]}" -n 3 "$intrain" train "${arguments[@]}" > log 2>&1)
  check "$name on 3 ranks: the same metrics and checkpoints" same_run "$name-3" "$name"
done
(ranks 3 verify --model wageubn > log 2>&1)
check "verify of wageubn on 3 ranks" has log '^equal to the published signature'
"$intrain" eval --checkpoint whole/run/final.ckpt --batch 7 --json whole.json > alone.log
(ranks 3 eval --checkpoint whole/run/final.ckpt --batch 7 --json ranks.json > ranks.log 2> log)
check "eval on 3 ranks says what one process says" cmp alone.log ranks.log
check "and writes it" cmp whole.json ranks.json

for seed in 0 1; do
  "$intrain" train --data synthetic:64 --model mlp --epochs 2 --batch 9 --threads 1 --save-every 2 --keep 9 --seed $seed --out mlp$seed > log
done
(NO_COLOR=1 ranks 3 audit mlp0 --segments 3 > ranks.log 2> log)  # mpirun gives ranks a terminal, where they would draw
check "audit on 3 ranks: the exit status of an honest run" test $? -eq 0
"$intrain" audit mlp0 --segments 3 --seed "$(sed -n 's/^segments: 3 of 8, chosen by --seed //p' ranks.log)" > alone.log
# Progress is shown where it takes 10 s.
check "audit on 3 ranks says what one process says" diff alone.log <(grep -v '^step ' ranks.log)
(ranks 2 audit mlp0 mlp1 > log 2>&1)
check "audit of two runs on ranks: they part" test $? -eq 1
check "which is told once" test "$(grep -c '^the runs part at step 0, in linear' log)" -eq 1
cp -r mlp0 forged
sed -i 3d forged/audit.jsonl
(ranks 2 audit forged > log 2>&1)
check "audit of a forged record on ranks: it is found" test $? -eq 1
check "and told once" test "$(grep -c '^WRONG .*the record was edited' log)" -eq 1

python3 "$here/../cli/make_photos.py" kinds kinds
for class in train/a train/b val/a val/b; do
  mkdir -p "photos/$class"
  cp kinds/* "photos/$class"
done
echo x > photos/train/b/broken.png
readonly on_photos=(--model mlp --batch 4 --epochs 1 --threads 1)
"$intrain" train --data folder:photos:8 "${on_photos[@]}" --out photos1 > whole_photos.log
(ranks 3 train --data folder:photos:8 "${on_photos[@]}" --out photos3 > log 2>&1)
check "photos on 3 ranks: the signature of one process" test "$(signature_of log)" == "$(signature_of whole_photos.log)"
check "and the same are left out" cmp photos1/broken.txt photos3/broken.txt

# What one rank gets done to it, once the run has come to a step. `process_of R` is rank R's.
readonly long=(train --data synthetic:512 --model resnet8 --epochs 3 --batch 32 --save-every 3 --threads 1)
"$intrain" "${long[@]}" --out long > long.log
job=0
begin() {
  rm -rf run
  "${mpirun[@]}" -n "$1" "$intrain" "${long[@]}" --out run > log 2> err &
  job=$!
  until grep -qs "\"step\": $2," run/metrics.jsonl; do
    kill -0 $job 2> /dev/null || return 1
    sleep 0.01
  done
}
process_of() { pgrep -P $job -f "$intrain" | sort -n | sed -n "$(($1 + 1))p"; }
ends_as_whole() { [[ -n $(signature_of "$1") && $(signature_of "$1") == "$(signature_of long.log)" ]]; }

begin 3 5
kill -9 "$(process_of 1)"
began=$SECONDS
wait $job
check "a rank is killed: the others end" test $? -ne 0
check "within seconds" test $((SECONDS - began)) -le 5
check "it is named" has err '^error: rank [012] on .*: it has ended'
check "with the newest checkpoint" has err '^hint: the newest checkpoint is run/step-[0-9]+\.ckpt; go on, .*intrain train --resume run'
check "which is there" test -s "$(sed -n 's/^hint: the newest checkpoint is \(.*\);.*/\1/p' err)"
(ranks 2 train --resume run > log 2>&1)
check "and goes on on other ranks to the same end" ends_as_whole log

export INTRAIN_RANKS_PATIENCE=1
begin 3 5
stopped=$(process_of 2)
kill -STOP "$stopped"
for ((i = 0; i < 80; i++)); do
  grep -q '^warning: ' err && break
  sleep 0.1
done
kill -CONT "$stopped"
check "a rank that hangs is named, with those that wait, and where" \
  has err '^warning: no sign of life from rank [012] on .*: rank .* wait for [0-9]+ s in a (sum|maximum) of [0-9]+ number'
wait $job
check "it goes on when that rank does" ends_as_whole log
unset INTRAIN_RANKS_PATIENCE

begin 3 5
kill -TERM "$(process_of 2)"
wait $job
check "SIGTERM to one rank: the exit status is that of a stop" test $? -eq 143
check "and how it goes on is told" has log 'stopped after step [0-9]+; continue with: mpirun -n N intrain train --resume run'
"$intrain" train --resume run > log
check "and one process goes on with it to the same end" ends_as_whole log
begin 2 5
kill -USR1 $job
wait $job
check "SIGUSR1 to mpirun stops all" test $? -eq 138
(ranks 3 train --resume run > log 2>&1)
check "and it goes on to the same end" ends_as_whole log

mkdir small
if [[ $EUID -eq 0 ]] && mount -t tmpfs -o size=700k none small 2> /dev/null; then
  (ranks 2 "${long[@]}" --out small/run > log 2> err)
  check "a full disk of rank 0 ends all" test $? -eq 2
  check "with its error" has err '^error: cannot write .*No space left on device'
  check "and no other" test "$(grep -c '^error: ' err)" -eq 1
  umount small
else
  echo "skipped the full disk: it takes root, and leave to mount"
fi

# ends_with NAME PATTERN COMMAND...: exit status 2 and one error, told once.
ends_with() {
  (timeout 60 "${mpirun[@]}" "${@:3}" > log 2> err)
  check "$1: it is refused" test $? -eq 2
  check "$1: said" has err "$2"
  check "$1: once" test "$(grep -c '^error: ' err)" -eq 1
}
ends_with "a bad flag on all ranks" '^error: 0 is not possible \(--epochs\)' -n 3 "$intrain" train --epochs 0
ends_with "a folder with a run" '^error: the folder already holds a run' -n 3 "$intrain" "${long[@]}" --out run
ends_with "other settings on a rank" '^error: the settings of rank 0 on .* and those of rank 1 on .* are not the same' \
  -n 1 "$intrain" "${long[@]}" --out a : -n 1 "$intrain" "${long[@]}" --out a --seed 2
ends_with "other data on a rank" '^error: the data of rank 0 on .* and those of rank 2 on .* are not the same' \
  -n 2 "$intrain" train --data synthetic:64 --model mlp --batch 9 --out a : -n 1 "$intrain" train --data synthetic:66 --model mlp --batch 9 --out a
ends_with "eval of another batch on a rank" '^error: the settings of rank 0 on .* and those of rank 1 on .* are not the same' \
  -n 1 "$intrain" eval --checkpoint whole/run/final.ckpt --batch 7 : -n 1 "$intrain" eval --checkpoint whole/run/final.ckpt --batch 8
ends_with "eval of other data on a rank" '^error: the data of rank 0 on .* and those of rank 1 on .* are not the same' \
  -n 1 "$intrain" eval --checkpoint whole/run/final.ckpt : -n 1 "$intrain" eval --checkpoint whole/run/final.ckpt --data synthetic:104
ends_with "eval of another checkpoint on a rank" '^error: the settings of rank 0 on .* and those of rank 1 on .* are not the same' \
  -n 1 "$intrain" eval --checkpoint whole/run/final.ckpt --data synthetic:96 : -n 1 "$intrain" eval --checkpoint long/final.ckpt --data synthetic:96
cp -r photos fewer
rm fewer/val/b/a.png
ends_with "other photos on a rank" '^error: the photos of rank 0 on .* and those of rank 1 on .* are not the same' \
  -n 1 "$intrain" train --data folder:photos:8 --out a : -n 1 "$intrain" train --data folder:fewer:8 --out a
ends_with "audit of another run on a rank" '^error: the run folder and flags of rank 0 on .* and those of rank 1 on .* are not the same' \
  -n 1 "$intrain" audit mlp0 : -n 1 "$intrain" audit mlp1
ends_with "audit of other data on a rank" '^error: the data of rank 0 on .* and those of rank 1 on .* are not the same' \
  -n 1 "$intrain" audit mlp0 : -n 1 "$intrain" audit mlp0 --data synthetic:66
ends_with "audit on more ranks than images a batch" '^error: batches of 4 images for 5 ranks \(photos1\)' -n 5 "$intrain" audit photos1
check "with the way out" has err '^hint: the run.s batch stays: start at most 4 ranks'
ends_with "more ranks than images a batch" '^error: batches of 2 images for 3 ranks \(--batch\)' -n 3 "$intrain" train --data synthetic:64 --batch 2 --out a
ends_with "what one process does" "^error: 'intrain report' runs on one process" -n 2 "$intrain" report run
check "nothing is left behind" test ! -e a

for plugin in "none.so:is not there .*none\.so" "empty.so:cannot be loaded" "other.so:that of another intrain"; do
  name=${plugin%%:*}
  [[ $name == empty.so ]] && : > empty.so
  [[ $name == other.so ]] && echo 'extern "C" { struct { int abi = 0, bytes = 0; const char* version = "0"; } p; void* intrain_mpi_plugin() { return &p; } }' |
    g++ -x c++ -shared -fPIC -o other.so -
  (timeout 60 "${mpirun[@]}" -x INTRAIN_MPI="$PWD/$name" -n 2 "$intrain" train --data synthetic:64 --out a > log 2> err)
  check "plug-in $name: refused" test $? -eq 2
  check "plug-in $name: said" has err "^error: .*${plugin#*:}"
  check "plug-in $name: with the way out" has err "^hint: .*'make mpi'"
done
check "no run begins without it" test ! -e a
finish "ranks of MPI"
