#!/usr/bin/env bash
# Files made to do harm, with little time and memory to do it in: nested without end, of as many members as fit, of gigabytes that take no place
# on the disk, of headers that claim what is not there, of nets that no machine holds. Each is refused in two lines; what is only beside the
# point (lines of metrics.jsonl) is left out.
#
#   hostile.sh BINARY
source "$(dirname "$0")/support/lib.sh"

ulimit -c 0

# limited ARGUMENTS...: in 1 GiB of address space and 10 seconds of CPU time; a minute, lest it waits for ever.
limited() { (ulimit -v 1048576 -t 10; exec timeout 60 "$intrain" "$@"); }
runner=(limited)
# works NAME ARGUMENTS...
works() {
  local name=$1 status why=''
  shift
  limited "$@" > "$work.out" 2> "$work.err"
  status=$?
  [[ $status -eq 0 ]] || why=" exit status $status;"
  judge "$name" "$why"
}

tiny=(train --data synthetic:64 --model mlp --epochs 1 --batch 16 --threads 1)
"$intrain" "${tiny[@]}" --out run > /dev/null || exit 1
python3 - <<'P'
import json, struct
n = 200000
nested = '[' * n + ']' * n
write = lambda name, text: open(name, 'wb').write(text if isinstance(text, bytes) else text.encode())

def giant(name, begin=b'', size=1 << 32):
    with open(name, 'wb') as f:
        f.write(begin)
        f.truncate(size)

write('arrays.json', '{"lr": ' + nested + '}')
write('objects.json', '{"lr": ' + '{"a":' * n + '1' + '}' * n + '}')
write('formats.json', '{"formats": ' * n + '1' + '}' * n)
write('keys.json', '{' + ','.join('"%d":0' % i for i in range(90000)) + '}')
write('twice.json', '{"lr": 0.1, "lr": 0.2}')
giant('giant.json')
write('key.toml', '.'.join(['a'] * n) + ' = 1\n')
write('quoted.toml', '.'.join(['"a"'] * n) + ' = 1\n')
write('header.toml', '[' + '.'.join(['a'] * n) + ']\n')
write('headers.toml', '[[' + ' . '.join(['a'] * n) + ']]\n')
write('inline.toml', 'x = ' + '{a.b.c.d=' * 50000)
write('arrays.toml', 'x = ' + '[' * n + ']' * n)
write('keys.toml', ''.join('k%d=1\n' % i for i in range(90000)))
giant('giant.toml')
conv = '[[layer]]\ntype="conv"\nchannels=%d\nsize=%d\n'
write('terabytes.toml', conv % (4, 12) + conv % (16384, 1) * 900)
write('wide.toml', (conv % (4096, 1) + conv % (4, 1)) * 99)
st = lambda header: struct.pack('<Q', len(header)) + header
write('arrays.safetensors', st(b'{"a":' + nested.encode() + b',"b":1,"c":1,"d":1,"e":1}'))
write('keys.safetensors', st(b'{' + b','.join(b'"%d":0' % i for i in range(100000)) + b'}'))
tensor = b'"dtype":"F32","shape":[%s],"data_offsets":[%d,%d]'
write('product.safetensors', st(b'{"w":{' + tensor % (b','.join([b'65536'] * 8), 0, 0) + b'}}'))
write('overlap.safetensors', st(b'{"w":{' + tensor % (b'2', 0, 8) + b'},"v":{' + tensor % (b'2', 4, 12) + b'}}') + bytes(12))
write('beyond.safetensors', st(b'{"w":{' + tensor % (b'1000000000', 0, 4000000000) + b'}}') + bytes(12))
write('twice.safetensors', st(b'{"w":{' + tensor % (b'1', 0, 4) + b'},"w":{' + tensor % (b'1', 4, 8) + b'}}') + bytes(8))
giant('zeros.safetensors')
giant('header.safetensors', struct.pack('<Q', 1 << 31))
giant('data.safetensors', st(b'{"w":{' + tensor % (b'1', 0, 4) + b'}}'))
# Checkpoints: what stands in the header is read before the fingerprint is.
good = open('run/final.ckpt', 'rb').read()
version, size = struct.unpack_from('<II', good, 8)
header = json.loads(good[16:16 + size])

def checkpoint(name, text, size=None):
    text = text.encode()
    begin = b'intrain\0' + struct.pack('<II', version, len(text)) + text
    begin += bytes(-len(begin) % 8)
    giant(name, begin, len(begin) + 8 if size is None else size)

pad = lambda count, size: (count * size + 7) // 8 * 8
checkpoint('arrays.ckpt', json.dumps(dict(header, config='@')).replace('"@"', nested))
checkpoint('objects.ckpt', '{"a":' * n)
checkpoint('keys.ckpt', '{' + ','.join('"%d":0' % i for i in range(300000)) + '}')
giant('zeros.ckpt')
giant('grown.ckpt', good)
giant('claims.ckpt', b'intrain\0' + struct.pack('<II', version, 1 << 31))
# Gigabytes of arrays, as the table says; only the net has others.
big = dict(header, arrays=[dict(name='w', type='s32', count=1 << 29, offset=0)])
text = json.dumps(big)
checkpoint('table.ckpt', text, (16 + len(text) + 7) // 8 * 8 + pad(1 << 29, 4) + 8)
for name, file in (('terabytes', 'terabytes.toml'), ('key', 'key.toml')):
    net = dict(header, model='x.toml', config=dict(header['config'], model='x.toml', net=open(file).read()), arrays=[])
    checkpoint(name + '.ckpt', json.dumps(net))
for name, change in (('batch', dict(config=dict(header['config'], batch=0))), ('rate', dict(config=dict(header['config'], lr=1e9))),
                     ('hits', dict(best=dict(header['best'], hits=10**9))), ('pixels', dict(normalization=[-128] * 256)),
                     ('names', dict(class_names=['x'] * 100))):
    checkpoint(name + '.ckpt', json.dumps(dict(header, **change)))
giant('giant.onnx')
lines = open('run/metrics.jsonl').read()
write('metrics.jsonl', lines + '{"type":' + nested + ',"step":1,"epoch":1,"loss":1,"accuracy":1}\n{"type":' + '{"a":' * n + '\n')
P
ln -s /dev/zero zero.json
ln -s /dev/zero zero.toml
mkdir folder.toml
mkfifo pipe

for file in arrays objects formats; do refused "configuration: nested $file" "$file.json" "${tiny[@]}" --config $file.json; done
refused "configuration: many members" "keys.json" "${tiny[@]}" --config keys.json
refused "configuration: a member twice" "'lr' twice.*twice.json" "${tiny[@]}" --config twice.json
for file in giant.json zero.json pipe run; do refused "configuration: $file" "$file" "${tiny[@]}" --config $file; done

for file in key quoted header headers; do
  refused "net: parts of a $file" "more than 16 parts.*$file.toml, line 1" train --data synthetic:64 --batch 64 --threads 1 --model $file.toml
done
for file in inline arrays; do refused "net: nested $file" "$file.toml" train --data synthetic:64 --batch 64 --threads 1 --model $file.toml; done
refused "net: many members" "no member" train --data synthetic:64 --batch 8 --model keys.toml
for file in giant zero folder; do refused "net: $file" "$file.toml" train --data synthetic:64 --batch 64 --threads 1 --model $file.toml; done
for file in terabytes wide; do
  refused "net: more memory than there is, $file" "takes [0-9]+ [GM]iB of memory, and there are 1024 MiB" train --data synthetic:64 --batch 64 --threads 1 --model $file.toml
done

import=(import --model mlp --data synthetic:64 --threads 1 --out no.ckpt --safetensors)
for file in arrays keys product overlap beyond twice zeros header data; do refused "tensors: $file" "$file.safetensors" "${import[@]}" $file.safetensors; done
for file in /dev/zero pipe run; do refused "tensors: $file" "$file" "${import[@]}" $file; done
refused "ONNX: giant" "giant.onnx" import --model mlp --data synthetic:64 --threads 1 --out no.ckpt --onnx giant.onnx

for file in arrays objects keys zeros grown claims table terabytes key batch rate hits pixels names; do
  refused "checkpoint: $file" "$file.ckpt|x.toml" eval --checkpoint $file.ckpt --threads 1
done
for file in zeros table terabytes; do
  refused "checkpoint to predict: $file" "$file.ckpt" predict --checkpoint $file.ckpt no.png
  refused "checkpoint to export: $file" "$file.ckpt" export --checkpoint $file.ckpt --onnx no.onnx
  refused "checkpoint to inspect: $file" "$file.ckpt" inspect --checkpoint $file.ckpt --threads 1
  refused "checkpoint to begin from: $file" "$file.ckpt" "${tiny[@]}" --init-from $file.ckpt
done
for file in /dev/zero pipe run; do refused "checkpoint: $file" "$file" eval --checkpoint $file; done

cp -r run damaged
cp metrics.jsonl damaged/metrics.jsonl
works "nested lines of metrics: report" report damaged --out page.html --threads 1
works "nested lines of metrics: inspect" inspect --checkpoint damaged/final.ckpt --threads 1
works "nested lines of metrics: resume" train --resume damaged --threads 1
judge "nested lines of metrics are left out" "$(cmp damaged/metrics.jsonl <(cat run/metrics.jsonl; tail -n 1 damaged/metrics.jsonl) 2>&1)"
mkdir lost
for file in zeros grown; do
  cp --sparse=always $file.ckpt lost/final.ckpt
  refused "a run of nothing but: $file" "no checkpoint of the folder can be read|does not fit" train --resume lost --threads 1
done

finish "hostile files"
