#!/usr/bin/env bash
# Runs over time: names of any bytes, data that changes, settings that are edited, more epochs, signals.
#
#   runs.sh BINARY
source "$(dirname "$0")/support/lib.sh"

# stop_after_a_step RUN COMMAND: goes on with the run by the arguments in COMMAND, quoted for a shell, and stops it once it has done a step more.
stop_after_a_step() {
  local metrics=$1/metrics.jsonl before process
  before=$(grep -c '"type": "start"' "$metrics")
  (eval "exec \"\$intrain\" $2 --threads 1" > log 2> err) &
  process=$!
  until [[ $(grep -c '"type": "start"' "$metrics") -gt $before ]] && tail -n 1 "$metrics" | grep -q '"type": "step"'; do
    kill -0 $process 2> /dev/null || break
    sleep 0.01
  done
  kill -INT $process 2> /dev/null
  wait $process
}

# photos DIR CLASS...: two classes and more of grey squares of 8x8, their names as they are given: bytes.
cat > photos.py << 'EOF'
import os, struct, sys, zlib
def png(value):
    chunk = lambda kind, data: struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    rows = b''.join(b'\0' + bytes([value]) * 8 for _ in range(8))
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>2I5B', 8, 8, 8, 0, 0, 0, 0)) + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')
root, *classes = [os.fsencode(a) for a in sys.argv[1:]]
for split in (b'train', b'val'):
    for i, name in enumerate(classes):
        folder = os.path.join(root, split, name)
        os.makedirs(folder)
        for k in range(6): open(os.path.join(folder, name[:200] + b'%d.png' % k), 'wb').write(png(200 * i // len(classes) + 5 * k))
EOF
photos() { python3 photos.py "$@"; }
readonly small=(--model resnet8 --batch 4 --threads 1)

# Names: not UTF-8, the same but for that, control characters, quotes, what looks like a flag or a home folder, long ones.
long=$(printf 'x%.0s' {1..240})
names=($'caf\xe9' $'caf\xe8' $'\xb9\xad' $'a\nb' $'tab\there' "it's \"one\"" -x '~' 'a:1' "$long" $'\x1b[31m' $'\xef\x9f\xa9')
data=$'d\xe9 \'~:1'
photos "$data" "${names[@]}"
out=$'-r\xe9:\t~'
"$intrain" train "--data=folder:$data:8" "${small[@]}" --epochs 2 "--out=$out" > log 2> err
check "names of any bytes: trained" has log '^test accuracy'
whole=$(signature_of log)
for file in final.ckpt best.ckpt; do
  check "names of any bytes: eval of $file" "$intrain" eval "--checkpoint=$out/$file" --threads 1 --json e.json --confusion e.png > eval.log
done
check "names of any bytes: JSON has them all" python3 - "${names[@]}" << 'EOF'
import json, os, sys
def raw(text): return b''.join(bytes([ord(c) - 0xf700]) if 0xf780 <= ord(c) <= 0xf7ff else c.encode() for c in text)
names = [raw(c['class']) for c in json.load(open('e.json'))['classes']]
sys.exit(names != sorted(os.fsencode(a) for a in sys.argv[1:]))
EOF
check "names of any bytes: predict" "$intrain" predict "--checkpoint=$out/final.ckpt" "$data/val/-x/-x1.png" --json --threads 1 > predict.json
check "names of any bytes: inspect" "$intrain" inspect "--checkpoint=$out/final.ckpt" --threads 1 > inspect.log
check "names of any bytes: export" "$intrain" export "--checkpoint=$out/final.ckpt" --onnx net.onnx --safetensors net.safetensors > export.log
check "names of any bytes: report" "$intrain" report "./$out" --out report.html --threads 1 > report.log
check "names of any bytes: the report has evaluated it" not has report.log 'could be evaluated'
"$intrain" train --config "./$out/config.json" --init-from "./$out/final.ckpt" --epochs 1 --threads 1 --out next > log 2> err
check "names of any bytes: --config and --init-from" has log '^test accuracy'

# Stopped and gone on with, by the command that is told.
(exec "$intrain" train "--data=folder:$data:8" "${small[@]}" --epochs 500 "--out=stop$out" > log 2> err) &
process=$!
until grep -qs '"step": 3,' "stop$out/metrics.jsonl"; do sleep 0.01; done
kill $process
wait $process
command=$(sed -n 's/.*continue with: intrain //p' log)
stop_after_a_step "stop$out" "$command"
check "names of any bytes: the command that is told goes on" has log '^stopped after step'

# Data that are not those of the run.
photos d cat dog
"$intrain" train --data folder:d:8 "${small[@]}" --epochs 4 --out whole > log
whole=$(signature_of log)
cp -r whole run && rm run/final.ckpt run/step-*.ckpt 2> /dev/null  # only the best one is left
mv d/train/cat/cat0.png d/train/dog/new.png
refused "a photo with another label" 'train/cat/cat0.png is gone and train/dog/new.png is new' train --resume run
mv d/train/dog/new.png d/train/cat/cat0.png
cp d/val/cat/cat0.png d/val/cat/zz.png
refused "a new photo" 'val/cat/zz.png is new' train --resume run
rm d/val/cat/zz.png
mv d/train/cat/cat0.png x && mv d/train/dog/dog0.png d/train/cat/cat0.png && mv x d/train/dog/dog0.png
refused "photos that changed places, and kept their names" 'another picture in train/cat/cat0.png' train --resume run
mv d/train/cat/cat0.png x && mv d/train/dog/dog0.png d/train/cat/cat0.png && mv x d/train/dog/dog0.png
mv d/train/cat d/train/kitty && mv d/val/cat d/val/kitty
refused "a class with another name" 'cat is gone and kitty is new' train --resume run
mv d/train/kitty d/train/cat && mv d/val/kitty d/val/cat
mv d e
refused "data that moved" 'hint: .*--data' train --resume run
"$intrain" train --resume run --data folder:e:8 > log 2> err
check "and --data says where" test "$(signature_of log)" == "$whole"
mv e d

# Paths that a shell or the option could take for something else.
mkdir home && cp -r d home/photos && cp -r d a:1
check "a home folder behind folder:" env HOME="$PWD/home" "$intrain" train --data 'folder:~/photos:8' --model mlp --batch 4 --epochs 1 --threads 1 --out tilde > log
check "a folder with a colon, and a side" "$intrain" train --data folder:a:1:8 --model mlp --batch 4 --epochs 1 --threads 1 --out colon > log
mv a:1 a:8
refused "a folder with a colon, and no side" 'more than the 12 training images' train --data folder:a:8 --model mlp --batch 999 --epochs 1 --threads 1

# A photo that goes lost.
mkdir taken
"$intrain" train --data folder:d:8 "${small[@]}" --epochs 400 --out lost > log 2> err &
process=$!
until grep -qs '"step": 5,' lost/metrics.jsonl; do sleep 0.01; done
mv d/train/dog/dog3.png taken
wait $process
check "a photo goes lost: the status is 2" test $? -eq 2
check "a photo goes lost: two lines name it, and the step" has err '^error: .*the run is saved after step [0-9]+ \(d/train/dog/dog3.png\)$'
step=$(sed -n 's/.*after step \([0-9]*\).*/\1/p' err)
check "a photo goes lost: no step is" test "$(grep -c '"type": "step"' lost/metrics.jsonl)" == "$step"
command=$(sed -n 's/^hint: .*: intrain //p' err)
rm d/val/cat/cat2.png
stop_after_a_step lost "$command"
check "and the run goes on" has log "^going on after step $step of"
check "telling which photos are gone" has log 'd/train/dog/dog3.png: it is gone; d/train/dog/dog4.png stands in for it'
check "and which of the test" has log 'd/val/cat/cat2.png: it is gone; the test goes on without it'
check "in broken.txt, too" test "$(wc -l < lost/broken.txt)" -eq 2
echo text > d/train/dog/dog1.png
stop_after_a_step lost "train --resume lost"
check "also one that cannot be read any more" has lost/broken.txt '^d/train/dog/dog1.png: .*; d/train/dog/dog2.png stands in for it$'
rm d/train/dog/*
refused "but no class" 'd/train/dog' train --resume lost
rm -rf d && cp -r home/photos d

# Settings that were edited.
cp -r whole edited && sed -i 's/"lr": 0.1/"lr": 0.25/' edited/config.json
refused "an edited config.json" "lr is '0.25' there and '0.1' in the run" train --resume edited
"$intrain" report edited --out edited.html --threads 1 > report.log
check "the report tells of it" has report.log "lr is '0.25' there"
check "and shows the settings that were used" has edited.html '<th>lr</th><td>0.1</td>'
echo '{' > edited/config.json
refused "a config.json that is none" 'edited/config.json' train --resume edited

# More epochs.
"$intrain" train --resume whole > log
check "a run at its end says how to train on" has log '^the run is at its end; .*: intrain train --config whole/config.json --init-from whole/final.ckpt --epochs N$'
refused "more epochs than a cosine allows" 'hint: .*--config whole/config.json --init-from whole/final.ckpt --epochs 2$' train --resume whole --epochs 6
command=$(sed -n 's/^hint: .*: intrain //p' "$work.err")
(eval "\"\$intrain\" $command --threads 1 --out more" > log 2> err)
check "the command that is told trains on" has log '^test accuracy'
refused "another setting" '--lr' train --resume whole --lr 1
"$intrain" train --data synthetic:64 --model mlp --batch 16 --schedule step --epochs 12 --threads 1 --out twelve > log
twelve=$(signature_of log)
"$intrain" train --data synthetic:64 --model mlp --batch 16 --schedule step --epochs 8 --threads 1 --save-every 1 --keep 99 --out eight > log
rm eight/final.ckpt eight/best.ckpt eight/step-0000001[7-9].ckpt eight/step-000000[23]*.ckpt
"$intrain" train --resume eight --epochs 12 > log
check "more epochs where no step done would have been another" test "$(signature_of log)" == "$twelve"
check "and config.json says so" has eight/config.json '"epochs": 12'
check "and it is at its end" test "$("$intrain" train --resume eight | sed -n 's/^signature: //p')" == "$twelve"

# Signals.
for signal in HUP TERM INT; do
  (exec env --default-signal=$signal "$intrain" train --data synthetic:64 --model mlp --epochs 100000 --batch 16 --threads 1 --out "run$signal" > log 2>&1) &
  process=$!
  until grep -qs '"step": 2,' "run$signal/metrics.jsonl"; do sleep 0.01; done
  kill -$signal $process
  wait $process
  check "SIG$signal: saved, and the status is the signal's" test $? -eq $((128 + $(kill -l $signal)))
  check "SIG$signal: how it goes on is told" has log "^stopped after step [0-9]+; continue with: intrain train --resume run$signal$"
done
(trap '' HUP; exec "$intrain" train --data synthetic:64 --model mlp --epochs 100000 --batch 16 --threads 1 --out nohup > log 2>&1) &
process=$!
until grep -qs '"step": 2,' nohup/metrics.jsonl; do sleep 0.01; done
kill -HUP $process
sleep 0.1
check "SIGHUP: nohup is obeyed" kill -0 $process
kill $process
wait $process

finish "runs over time"
