#!/usr/bin/env bash
# Runs that are computed again: honest ones are found right, whatever was changed since is found and named, and so is where two runs part.
#
#   audit.sh BINARY
source "$(dirname "$0")/support/lib.sh"

# Images of random pixels, and forgeries whose checksums are right.
cat > tools.py << 'P'
import ctypes, json, random, struct, sys
xxhash = ctypes.CDLL('libxxhash.so.0').XXH3_64bits
xxhash.restype, xxhash.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t]

def images(folder, changed):
    random.seed(0)
    for split, count in (('train', 64), ('t10k', 16)):
        pixels = bytearray(random.randrange(256) for _ in range(count * 144))
        if changed and split == changed: pixels[1000] ^= 1
        open(f'{folder}/{split}-images-idx3-ubyte', 'wb').write(struct.pack('>4I', 2051, count, 12, 12) + pixels)
        open(f'{folder}/{split}-labels-idx1-ubyte', 'wb').write(struct.pack('>2I', 2049, count) + bytes(i % 10 for i in range(count)))

def flip(checkpoint, array):
    file = bytearray(open(checkpoint, 'rb').read())
    header = json.loads(file[16:16 + struct.unpack_from('<I', file, 12)[0]])
    begin = (16 + struct.unpack_from('<I', file, 12)[0] + 7) // 8 * 8
    file[begin + next(a['offset'] for a in header['arrays'] if a['name'] == array)] ^= 1
    file[-8:] = struct.pack('<Q', xxhash(bytes(file[:-8]), len(file) - 8))
    open(checkpoint, 'wb').write(file)

def header(checkpoint, key):
    file = bytearray(open(checkpoint, 'rb').read())
    at = file.index(f'"{key}"'.encode())
    at = file.index(b'0', at)
    file[at] = ord('1')
    file[-8:] = struct.pack('<Q', xxhash(bytes(file[:-8]), len(file) - 8))
    open(checkpoint, 'wb').write(file)

# The last entry as one of another step, with the chain that it has then.
def move(record, step):
    *lines, last = open(record).read().splitlines()
    chain = json.loads(lines[-1])['chain'].encode()
    body = last.encode().split(b', "chain": ')[0].replace(b'"step": 32', b'"step": %d' % step)
    lines.append((body + b', "chain": "%016x"}' % xxhash(chain + body, len(chain + body))).decode())
    open(record, 'w').write('\n'.join(lines) + '\n')

def forge(record, step, chained):
    lines, chain = open(record).read().splitlines(), b''
    for i, line in enumerate(lines):
        body, digits = line.encode().split(b', "chain": ')
        forged = f'"step": {step}, "state"' in line
        if forged: body = body[:-2] + (b'0"' if body[-2:-1] != b'0' else b'1"')
        chain = b'%016x' % xxhash(chain + body, len(chain + body))
        if forged or chained: lines[i] = (body + b', "chain": ' + (b'"' + chain + b'"}' if chained else digits)).decode()
    open(record, 'w').write('\n'.join(lines) + '\n')

command, *arguments = sys.argv[1:]
commands = {'images': images, 'flip': flip, 'header': header, 'move': move, 'forge': forge}
commands[command](*arguments[:-1], arguments[-1] if command in ('flip', 'header') else eval(arguments[-1]))
P
for data in data changed tested; do mkdir $data; done
python3 tools.py images data None
python3 tools.py images changed "'train'"
python3 tools.py images tested "'t10k'"

# 2 epochs of 16 steps.
readonly base=(train --data mnist:data --model mlp --epochs 2 --batch 4 --lr 0.02 --threads 1)
readonly recorded=(--audit-every 5)
# audited STATUS PATTERN ARGUMENTS...: the exit status, and what stands in the output.
audited() {
  local status=$1 pattern=$2
  shift 2
  "$intrain" audit "$@" --threads 1 > log 2>&1
  [[ $? -eq $status ]] && has log "$pattern"
}
readonly right='^the record is what data and settings give$' wrong='^the record is not what data and settings give$'
# found NAME PATTERN: the audit of the run `bad` finds it, and it is gone then.
found() {
  check "$1 is found" audited 1 "$wrong" bad "${@:3}"
  check "$1 is named" has log "$2"
  rm -rf bad
}

"$intrain" "${base[@]}" "${recorded[@]}" --save-every 7 --keep 3 --out run > run.log
check "an entry before the first step, every 5, and after each epoch" test \
  "$(sed -n 's/^{"step": \([0-9]*\), "state".*/\1/p' run/audit.jsonl | tr '\n' ' ')" == "0 5 10 15 16 20 25 30 32 "
check "the last is the run's signature" has run/audit.jsonl "\"step\": 32, \"state\": \"$(signature_of run.log)\""
check "an honest run is found right" audited 0 "$right" run
check "all of it" has log '^replayed: 32 of 32 steps$'
check "by the reference, too" env INTRAIN_ISA=scalar "$intrain" audit run --threads 3
check "by segments at random" audited 0 '^segments: 1 of 4, chosen by --seed 3$' run --segments 1 --seed 3
cp log first.log
check "the same ones for a seed" audited 0 "$right" run --segments 1 --seed 3
check "to the last word" cmp -s log first.log
check "nothing is written" test -z "$(find run -newer run.log)"
check "a folder that was moved, and its data" audited 0 "$right" "$(cp -r run moved && cp -r data elsewhere && echo moved)" --data mnist:elsewhere

# A run that was stopped after 21 steps, with half a line.
cp -r run stopped
rm stopped/final.ckpt stopped/best.ckpt stopped/step-00000028.ckpt
printf '{"step": 3' >> stopped/audit.jsonl
"$intrain" train --resume stopped > stopped.log
check "the record of a run that was stopped is that of one never stopped" cmp -s run/audit.jsonl stopped/audit.jsonl
check "and found right" audited 0 "$right" stopped
rm stopped/final.ckpt stopped/audit.jsonl
"$intrain" train --resume stopped > stopped.log
check "a run whose record is gone begins another one" audited 0 '^the record begins at step 28: nothing is known of the steps before$' stopped

# A record that begins at the only state that is there shows nothing.
rm -f stopped/step-* stopped/best.ckpt
refused "nothing to compute" "there is nothing to compute" audit stopped
refused "nothing to compute: the way out" "hint: .*--keep" audit stopped
python3 tools.py flip stopped/final.ckpt linear0.weight
check "a state that is not the recorded one, though nothing can be computed" audited 1 "$wrong" stopped
check "it is named" has log '^WRONG  stopped/final.ckpt is not the state that was recorded after step 32$'

for kind in "accumulated --accumulate 3" "wageubn --recipe wageubn --model resnet8_v2 --lr 0.25" \
  "tuned --init-from run/final.ckpt --freeze linear0.*" "widths --set w=6 --balance"; do
  read -ra words <<< "$kind"
  read -ra flags <<< "${words[*]:1}"
  plain=("${base[@]}")
  [[ ${words[0]} == wageubn ]] && plain=(train --data mnist:data --epochs 1 --batch 16 --threads 1)
  "$intrain" "${plain[@]}" "${recorded[@]}" "${flags[@]}" --out "${words[0]}" > "${words[0]}.log"
  check "a run is found right: ${words[0]}" audited 0 "$right" "${words[0]}"
done
"$intrain" train --data mnist:data --model mlp --epochs 4 --batch 16 --lr 1e-9 --patience 1 --threads 1 --out longer > longer.log
"$intrain" train --resume longer --patience 3 > longer2.log
check "a run that became longer has both lengths in its record" test "$(grep -c '"settings"' longer/audit.jsonl)" == 2
check "and is found right" audited 0 "$right" longer

cp -r run bad && sed -i 's/"lr": 0.02/"lr": 0.2/' bad/config.json
found "an edited learning rate" "bad/config.json: lr is '0.2' there and '0.02' in the record"
cp -r run bad
found "another training image" '^WRONG  mnist:changed: the training images are not those that were recorded' --data mnist:changed
cp -r run bad
found "another test image" '^WRONG  mnist:tested: the test images are not' --data mnist:tested
cp -r run bad && python3 tools.py forge bad/audit.jsonl 25 False
found "a forged entry" 'audit.jsonl: line 8, of step 25, does not go on'
cp -r run bad && sed -i 4d bad/audit.jsonl
found "an entry that was taken out" 'audit.jsonl: line 4, of step 15, does not go on'
cp -r run bad && python3 tools.py forge bad/audit.jsonl 25 True
found "a forged entry with all chains after it" '^WRONG  steps 21 to 28: after step 25 the state is not the one recorded'
check "no other one" test "$(grep -c '^ok' log)" == 3
cp -r run bad && python3 tools.py flip bad/step-00000021.ckpt linear0.weight
found "a flipped weight" '^WRONG  steps 16 to 21: bad/step-00000021.ckpt: linear0.weight is not what step 21 gives$'
cp -r run bad && python3 tools.py flip bad/final.ckpt linear1.weight.momentum
found "a flipped momentum at the end" 'bad/final.ckpt: linear1.weight.momentum is not what step 32 gives$'
cp -r run bad && rm bad/step-* bad/best.ckpt && python3 tools.py flip bad/final.ckpt linear0.weight && mv bad/final.ckpt bad/step-00000032.ckpt
found "a flipped weight in the only checkpoint" 'linear0.weight is not what step 32 gives$'
cp -r run bad && python3 tools.py header bad/final.ckpt normalization
found "another normalization" 'bad/final.ckpt: the normalization of the pixels is not what step 32 gives$'
cp -r run bad && python3 tools.py move bad/audit.jsonl 3000000000
found "an entry of a step that the training does not have" 'the training ends after step 32, the record only after step 3000000000$'

cp -r run damaged
head -c 300 /dev/urandom | tr -d '\n' > damaged/audit.jsonl
refused "a damaged record" "line 1 is none of an audit: .*damaged/audit.jsonl" audit damaged
cp -r damaged on && printf '\n{}\n' >> on/audit.jsonl
refused "a damaged record of a run that goes on" "line 1 is none of an audit: .*on/audit.jsonl" train --resume on
sed '3s/state/stat/' run/audit.jsonl > damaged/audit.jsonl
refused "a line of something else" "line 3 is none of an audit" audit damaged
: > damaged/audit.jsonl
refused "an empty record" "the record is empty .damaged/audit.jsonl" audit damaged
rm damaged/audit.jsonl
refused "no record" "no record of an audit .damaged/audit.jsonl" audit damaged
cp run/audit.jsonl damaged && truncate -s 500 damaged/final.ckpt
refused "a damaged checkpoint" "damaged/final.ckpt" audit damaged
refused "no folder" "there is no such folder" audit none
refused "no data" "hint: .*--data" audit run --data mnist:none
refused "no segment" "--segments is 0" audit run --segments 0
refused "three runs" "more than two runs" audit run run run
refused "segments of two runs" "no segments to choose" audit run run --segments 1

"$intrain" "${base[@]}" "${recorded[@]}" --seed 1 --out seeded > seeded.log
"$intrain" "${base[@]}" "${recorded[@]}" --schedule step --out steps > steps.log
"$intrain" "${base[@]}" --audit-every 3 --out often > often.log
check "runs of other seeds part before the first step" audited 1 '^the runs part at step 0, in linear0.weight$' run seeded
check "in their seeds" has log "^seed: '0' and '1'$"
check "runs of other schedules part where these do" audited 1 '^the runs part at step 2, in linear0.weight$' run steps
check "of runs that are the same it says so" audited 0 '^the runs are the same up to step 32, ' run often
cp -r often bad && python3 tools.py forge bad/audit.jsonl 30 True
check "a forged record is not a run of its own" audited 1 '^WRONG  bad: the state recorded after step 30 is not what' run bad
check "which was the same" has log '^computed again, the runs are the same up to step 30$'
rm -rf bad && cp -r run bad && python3 tools.py move bad/audit.jsonl 64
cp -r bad worse && python3 tools.py forge worse/audit.jsonl 64 True
refused "entries of steps that no run has" "the training ends after step 32, the record only after step 64" audit bad worse

finish "audits"
