#!/usr/bin/env bash
# Where the command line writes: pipes, links and devices as outputs, a standard output that takes nothing, foreign text and the terminal.
#
#   outputs.sh BINARY
source "$(dirname "$0")/support/lib.sh"

train_tiny=(train --data synthetic:64 --model mlp --epochs 2 --batch 16 --threads 1)
"$intrain" "${train_tiny[@]}" --out run > train.out || exit 2
readonly final=$PWD/run/final.ckpt

# Outputs of commands: "NAME ARGUMENTS...", to which the file is added.
writers=(
  "json eval --checkpoint $final --threads 1 --json"
  "confusion eval --checkpoint $final --threads 1 --confusion"
  "report report run --threads 1 --out"
  "onnx export --checkpoint $final --onnx"
  "safetensors export --checkpoint $final --safetensors"
  "inspect inspect --checkpoint $final --threads 1 --png"
)
for writer in "${writers[@]}"; do
  read -r name command <<< "$writer"
  mkdir "$name" && cd "$name"
  ln -s ../run run
  (umask 027 && "$intrain" $command plain > out)
  check "$name: status" test $? -eq 0
  check "$name: a new file's mode follows the umask" test "$(stat -c %a plain)" = 640

  mkfifo fifo
  timeout 20 cat fifo > from_fifo & reader=$!
  timeout 20 "$intrain" $command fifo > out.fifo
  check "$name: status with a FIFO" test $? -eq 0
  wait $reader
  check "$name: a FIFO stays one" test -p fifo
  check "$name: and gets the whole of it" cmp plain from_fifo

  "$intrain" $command >(cat > from_process; echo > process_done) > out
  check "$name: status with >(...)" test $? -eq 0
  for _ in {1..100}; do [[ -e process_done ]] && break; sleep 0.05; done
  check "$name: >(...) gets the whole of it" cmp plain from_process

  mkdir -p elsewhere && echo old > elsewhere/file && chmod 600 elsewhere/file && ln -s elsewhere/file link && ln -s elsewhere/new dangling
  "$intrain" $command link > out && "$intrain" $command dangling > out
  check "$name: links stay" test -L link -a -L dangling
  check "$name: the file that a link leads to is written" cmp plain elsewhere/file
  check "$name: and keeps its mode" test "$(stat -c %a elsewhere/file)" = 600
  check "$name: the file that a dangling link names is made" cmp plain elsewhere/new
  check "$name: nothing half-written stays" test -z "$(find . -name '*.tmp*')"
  # A device in a folder of its own, where that is possible.
  if mknod null c 1 3 2> /dev/null && : 2> /dev/null > null; then
    "$intrain" $command null > out
    check "$name: a device stays one" test -c null
  fi
  cd ..
done
mkfifo chart && ln -s far.json measured
timeout 20 cat chart > chart.png & reader=$!
"$intrain" bench step --model mlp --batch 1 --steps 1 --threads 1 --png chart --json measured > out
check "bench: status with a FIFO and a dangling link" test $? -eq 0
wait $reader
check "bench: both stay, and get what is for them" test -p chart -a -L measured -a -s chart.png -a -s far.json
"$intrain" eval --checkpoint "$final" --threads 1 --json /dev/stdout > mixed
check "what goes to /dev/stdout comes after what was printed, and all of it is there" cmp mixed <(cat json/out json/plain)
"$intrain" eval --checkpoint "$final" --threads 1 --json /dev/fd/7 7> seven > out
check "a descriptor by its number" cmp seven json/plain
check "inspect draws no second picture beside a pipe" has inspect/out.fifo 'not drawn'
# A file that is mounted by itself, as into a container.
echo 'a text that is to go' > outside.json && echo > inside.json
if unshare -m mount --bind outside.json inside.json 2> /dev/null; then
  unshare -m sh -c 'mount --bind outside.json inside.json && "$0" eval --checkpoint "$1" --threads 1 --json inside.json' "$intrain" "$final" > out
  check "a mounted file: status" test $? -eq 0
  check "a mounted file gets the whole of it" cmp outside.json json/plain
fi
# Without /proc files are made under a name, as on file systems that make none without.
if unshare -m sh -c 'mount -t tmpfs none /proc' 2> /dev/null; then
  unshare -m sh -c 'mount -t tmpfs none /proc && "$0" eval --checkpoint "$1" --threads 1 --json named/file' "$intrain" "$final" > out
  check "no file below a folder that is not there" test ! -e named
  mkdir named
  unshare -m sh -c 'mount -t tmpfs none /proc && "$0" eval --checkpoint "$1" --threads 1 --json named/file' "$intrain" "$final" > out
  check "the same file by a name of its own" cmp named/file json/plain
  check "which does not stay" test "$(ls named)" = file
fi

# A standard output that takes nothing: two lines on stderr, and exit status 2. For a full disk stands /dev/full.
# lost NAME STATUS
lost() {
  check "$1: exit status $2 is 2" test "$2" -eq 2
  [[ $1 == *"--json -"* ]] || check "$1: two lines on stderr" test "$(wc -l < err)" -eq 2  # there, what is for people too
  check "$1: which say so" has <(tail -n 2 err | head -n 1) '^error: cannot write to standard output: '
  check "$1: with a hint" has <(tail -n 1 err) '^hint: .*(send it elsewhere|has ended)'
}
printers=("info" "--help" "--version" "train --help" "inspect --checkpoint $final --threads 1 --png i.png"
  "eval --checkpoint $final --threads 1" "eval --checkpoint $final --threads 1 --json -" "predict --checkpoint $final run/curve.png --threads 1"
  "predict --checkpoint $final run/curve.png --threads 1 --json" "report run --threads 1 --out r.html" "export --checkpoint $final --onnx o.onnx")
for printer in "${printers[@]}"; do
  "$intrain" $printer > /dev/full 2> err
  lost "$printer, full disk" $?
  "$intrain" $printer >&- 2> err
  lost "$printer, closed" $?
  (sleep 0.05; "$intrain" $printer 2> err; echo $? > status) | true
  lost "$printer, nobody reads" "$(cat status)"
  "$intrain" $printer >&- 2>&- <&-
  check "$printer, nothing is open: exit status" test $? -eq 2
done
check "the files are there all the same" test -s i.png -a -s r.html -a -s o.onnx
for printer in "verify --threads 1" "bench step --model mlp --batch 1 --steps 1 --threads 1 --json -"; do
  "$intrain" $printer > /dev/full 2> err
  lost "$printer, full disk" $?
done
pictures=()
for _ in {1..2000}; do pictures+=(run/curve.png); done
(sleep 0.05; "$intrain" predict --checkpoint "$final" "${pictures[@]}" --batch 1 --threads 1 2> err; echo $? > status) | head -n 1 > out
lost "predict of much, of which one line is read" "$(cat status)"
# A limit on the size of files is an error too.
(ulimit -f 1; "$intrain" export --checkpoint "$final" --onnx large.onnx > out 2> err)
check "a limit on file sizes: exit status" test $? -eq 2
check "a limit on file sizes: told" has err '^error: cannot write the file: File too large \(large.onnx\)$'
check "a limit on file sizes: nothing is left" test ! -e large.onnx
# A training goes on to its end, and what it writes is as ever.
signature=$(sed -n 's/^signature: //p' train.out)
without_times() { sed -E 's/"(images_per_second|seconds|waited)": [0-9.e+-]+//g' "$1"; }
trained() {
  check "$1: all of its metrics" cmp <(without_times run/metrics.jsonl) <(without_times "$2/metrics.jsonl")
  check "$1: its checkpoint" "$intrain" eval --checkpoint "$2/final.ckpt" --threads 1 > out
  check "$1: nothing else" cmp <(ls run | grep -v inspect) <(ls "$2")
}
"$intrain" "${train_tiny[@]}" --out full > /dev/full 2> err
lost "train, full disk" $?
trained "train, full disk" full
(sleep 0.05; "$intrain" "${train_tiny[@]}" --out piped 2> err; echo $? > status) | true
lost "train, nobody reads" "$(cat status)"
trained "train, nobody reads" piped
"$intrain" "${train_tiny[@]}" --out closed >&- 2>&- <&-
check "train, nothing is open: exit status" test $? -eq 2
trained "train, nothing is open" closed
check "the training printed its signature" test -n "$signature"

# Foreign text: names with an escape sequence, a bell, newlines, tabs, and bytes that are no UTF-8.
readonly evil=$'a\x1b]0;owned\x07\r\tb\n\xe9\xc2\x9b'
mkdir "$evil" && cp run/curve.png "$evil/1.png" && echo none > "$evil/broken.png"
# Neither control characters but newlines, nor what is no UTF-8.
is_plain() { [[ -z $(LC_ALL=C tr -d '\12\40-\176\200-\377' < "$1") ]] && iconv -f UTF-8 -t UTF-8 "$1" > /dev/null && not has "$1" $'\xc2\x9b'; }
plain() {
  local name=$1
  shift
  "$intrain" "$@" > out 2> err
  check "$name: printed without control characters" is_plain out
  check "$name: told without control characters" is_plain err
  check "$name: as text" has <(cat out err) 'a\\x1b\]0;owned\\x07\\r\\tb\\n\\xe9\\xc2\\x9b'
}
plain "predict" predict --checkpoint "$final" "$evil/1.png" "$evil/broken.png" "$evil/none.png"
check "predict: two lines for each file that cannot be read" test "$(wc -l < err)" -eq 4
plain "a checkpoint of that name" eval --checkpoint "$evil"
plain "a report's folder" report "$evil"
plain "a flag's value" train --schedule "$evil"
plain "an unknown flag" train "--$evil"
plain "data of that name" train --data "$evil"
plain "an output" eval --checkpoint "$final" --threads 1 --confusion "$evil/confusion.png"
check "a picture in a folder of that name" test -s "$evil/confusion.png"
plain "a run folder" "${train_tiny[@]}" --out "$evil/run"
for split in train val; do
  for class in $'one\x1b[2J\xc2\x9b' two; do
    mkdir -p "photos/$split/$class" && cp run/curve.png "photos/$split/$class/1.png" && cp run/curve.png "photos/$split/$class/2.png"
    echo none > "photos/$split/$class/"$'bro\nken\x07.png'
  done
done
# Such classes may be refused.
"$intrain" train --data folder:photos:8 --model mlp --lr 0.01 --epochs 1 --batch 2 --threads 1 --out evil_run > out 2> err
status=$?
check "classes of such names: printed without control characters" is_plain out
check "classes of such names: told without control characters" is_plain err
check "classes of such names: as text" has <(cat out err) '(one|bro)\\(x1b|n)'
if [[ $status -eq 0 ]]; then
  check "each broken file has a line" test "$(wc -l < evil_run/broken.txt)" -eq 4
  "$intrain" eval --checkpoint evil_run/final.ckpt --threads 1 --confusion evil.png > out 2> err
  check "their table: printed without control characters" is_plain out
  check "their picture" test -s evil.png
fi

# Terminals: a bar where it can be drawn, else plain lines.
if type script > /dev/null 2>&1; then
  # on_terminal IMAGES VARIABLES...: what a training prints there, into a file of its own; all at once.
  terminals=0
  on_terminal() {
    local file=terminal_$((terminals += 1)) images=$1
    shift
    env -u LC_ALL -u LC_CTYPE -u LANG -u NO_COLOR -u TERM "$@" \
      script -qec "$intrain train --data synthetic:$images --model mlp --epochs 1 --batch 4 --threads 1 --out $file.run" /dev/null > $file < /dev/null &
  }
  drawing=("TERM=xterm LC_ALL=C.UTF-8" "TERM=xterm LANG=de_DE.utf8 LC_CTYPE= NO_COLOR=")
  plain=("TERM=dumb LC_ALL=C.UTF-8" "LC_ALL=C.UTF-8" "TERM=xterm NO_COLOR=1 LC_ALL=C.UTF-8" "TERM=xterm LC_ALL=C LANG=C.UTF-8"
    "TERM=xterm LC_CTYPE=POSIX LANG=C.UTF-8" "TERM=xterm LANG=en_US.ISO-8859-1" "TERM=xterm")
  for variables in "${drawing[@]}"; do on_terminal 8192 $variables; done
  for variables in "${plain[@]}"; do on_terminal 2048 $variables; done
  wait
  terminals=0
  for variables in "${drawing[@]}"; do
    check "$variables: a bar" has terminal_$((terminals += 1)) $'\r.*\xe2\x96\x88.*\x1b'
  done
  for variables in "${plain[@]}"; do
    check "$variables: it trains" has terminal_$((terminals += 1)) '^test accuracy'
    check "$variables: plain lines" not has terminal_$terminals $'\x1b|\xe2'
  done
fi

finish "outputs"
