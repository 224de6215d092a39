#!/usr/bin/env bash
# The command line as scripts rely on it: help, info, a small training, its folder, and its checkpoint evaluated again.
#
#   run.sh BINARY
source "$(dirname "$0")/support/lib.sh"

readonly examples=$here/../../examples
last_is() { [[ $(tail -n 1 "$1") =~ $2 ]]; }

"$intrain" --version > version
check "version" has version '^intrain [0-9]+\.[0-9]+\.[0-9]+$'
"$intrain" --help > help
for command in train eval predict inspect report export import audit replay info verify bench; do
  check "help lists $command" has help "^ +$command "
  check "help of $command" "$intrain" $command --help > "help.$command"
done
for flag in config set resume; do check "help of train lists --$flag" has help.train "--$flag "; done
check "help of train tells the defaults" has help.train '0\.0001'
for flag in model threads; do check "help of verify lists --$flag" has help.verify "--$flag "; done
for flag in checkpoint data split crop test-mirror no-test-mirror test-shift batch threads json confusion; do check "help of eval lists --$flag" has help.eval "--$flag "; done
for flag in checkpoint top crop test-mirror test-shift json batch threads; do check "help of predict lists --$flag" has help.predict "--$flag "; done
for flag in segments seed data threads; do check "help of audit lists --$flag" has help.audit "--$flag "; done
for flag in out data threads; do check "help of report lists --$flag" has help.report "--$flag "; done
for flag in checkpoint onnx exact qdq safetensors firmware mode device-state; do check "help of export lists --$flag" has help.export "--$flag "; done
for flag in checkpoint samples mode device-state signature out; do check "help of replay lists --$flag" has help.replay "--$flag "; done
for flag in safetensors onnx model data out new-head prefix order border crop val-share transpose calibrate mean deviation threads device-state checkpoint; do check "help of import lists --$flag" has help.import "--$flag "; done
for command in peak kernels step infer comm; do
  check "help of bench lists $command" has help.bench "^ +$command "
  "$intrain" bench $command --help > help.$command
  for flag in seconds threads json; do check "help of bench $command lists --$flag" has help.$command "--$flag "; done
done
for flag in nodes latency bandwidth compute batch model; do check "help of bench comm lists --$flag" has help.comm "--$flag "; done

"$intrain" info > info
check "info shows the instruction set in use" has info '<- selected'
sed '1,/^instruction sets:/d; /^kernels:/,$d' info > info.isas
check "info shows of each instruction set whether it runs here" test "$(grep -cE '^  [a-z0-9]+ +yes' info.isas)" -ge 1
check "in lines that a script can read" test -z "$(grep -vE '^  [a-z0-9]+ +(yes|no)( |$)' info.isas)"
check "info shows the kernels" has info '^ +batch_norm_normalize +[a-z0-9]+'
check "info shows the operators without a vector kernel" has info '^ +softmax_xent +scalar +\(no vector kernel\)$'
INTRAIN_ISA=scalar "$intrain" info > info.scalar
check "info obeys INTRAIN_ISA" has info.scalar 'scalar +yes +<- selected by INTRAIN_ISA'

"$intrain" train --data synthetic:256 --model resnet8 --epochs 2 --batch 32 --threads 2 > train 2> train.err
check "train succeeds" test $? -eq 0
check "train prints nothing on stderr" test ! -s train.err
check "train ends with the accuracy" last_is train '^test accuracy: [0-9]+\.[0-9]{2} %$'
check "train prints the signature" has train '^signature: [0-9a-f]{16}$'
check "train names the run folder" has train '^run folder: runs/synthetic-resnet8-1$'
check "train names the picture" has train '^learning curve: runs/synthetic-resnet8-1/curve.png$'
for file in config.json metrics.jsonl audit.jsonl curve.png best.ckpt final.ckpt; do check "the run folder holds $file" test -s "runs/synthetic-resnet8-1/$file"; done
# The help has each setting of the run.
for key in $(python3 -c 'import json; d = json.load(open("runs/synthetic-resnet8-1/config.json")); print(*(set(d) - {"net", "formats"}))'); do
  check "help of train lists ${key//_/-}" has help.train "^ +--${key//_/-} "
done
for key in $(python3 -c 'import json; print(*json.load(open("runs/synthetic-resnet8-1/config.json"))["formats"])'); do
  check "help of train lists the format $key" has help.train "^ +$key  "
done
check "nothing temporary is left" test -z "$(find . -name '*.tmp.*')"
"$intrain" train --data synthetic:256 --model resnet8 --epochs 2 --batch 32 --threads 1 > again
check "the second run gets a folder of its own" test -d runs/synthetic-resnet8-2
check "the same bits with one thread" test "$(grep '^signature' train)" == "$(grep '^signature' again)"
check "the same checkpoint but for its configuration" test \
  "$(stat -c %s runs/synthetic-resnet8-1/final.ckpt)" == "$(stat -c %s runs/synthetic-resnet8-2/final.ckpt)"
"$intrain" train --data synthetic:256 --model resnet8 --epochs 1 --batch 32 --set w=6 --set e1=8 > narrow
check "a narrower recipe trains" test $? -eq 0
"$intrain" train --config runs/synthetic-resnet8-3/config.json > narrow.again
check "a run's configuration gives the same bits" test "$(grep '^signature' narrow)" == "$(grep '^signature' narrow.again)"
"$intrain" eval --checkpoint runs/synthetic-resnet8-3/final.ckpt --data synthetic:256 > eval
check "eval uses the widths of the checkpoint" test "$(tail -n 1 eval)" == "$(tail -n 1 narrow)"
"$intrain" train --data synthetic:256 --lr 0.25 --set w_scale=layer --recipe wageubn --model resnet8 --epochs 2 --batch 32 --out wageubn > wageubn.train
check "the paper's recipe trains" last_is wageubn.train '^test accuracy: [0-9]+\.[0-9]{2} %$'
check "its name is kept" has wageubn/config.json '"recipe": "wageubn"'
check "flags win over it, wherever they stand" has wageubn/config.json '"lr": 0.25'
check "so do its formats" has wageubn/config.json '"w_scale": "layer"'
check "and the others are the recipe's" has wageubn/config.json '"g_scale": "constant"'
INTRAIN_ISA=scalar "$intrain" train --config wageubn/config.json --threads 1 > wageubn.again
check "the same bits from its configuration, by the reference" test "$(grep '^signature' wageubn.train)" == "$(grep '^signature' wageubn.again)"
"$intrain" eval --checkpoint wageubn/final.ckpt --data synthetic:256 > eval
check "eval uses its formats" test "$(tail -n 1 eval)" == "$(tail -n 1 wageubn.train)"
"$intrain" inspect --checkpoint wageubn/final.ckpt --batch 16 > inspect
check "inspect shows G on its grid" has inspect '^conv0 +G +[0-9]+ +-14 '
for batch in 1 7 1000; do
  "$intrain" eval --checkpoint runs/synthetic-resnet8-1/final.ckpt --data synthetic:256 --batch $batch > eval
  check "eval in batches of $batch sees the accuracy of train" test "$(tail -n 1 eval)" == "$(tail -n 1 train)"
done

# json FILE EXPRESSION: what the expression makes of the document `d`.
json() { python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$@"; }

"$intrain" eval --checkpoint runs/synthetic-resnet8-1/final.ckpt --threads 1 --batch 7 --json a.json --confusion a.png > eval
check "eval shows each class" has eval '^    9 +[0-9]+ +[0-9.]+ % +[0-9.]+ % +[0-9.]+ %$'
check "and which are taken for which" has eval '^class  predicted class$'
check "and how often the class is among five" has eval '^top-5 accuracy: [0-9]+\.[0-9]{2} %$'
check "eval names its picture" has eval '^picture: a.png$'
check "and draws it" test -s a.png
"$intrain" eval --checkpoint runs/synthetic-resnet8-1/final.ckpt --threads 2 --json - > b.json 2> eval.err
check "eval writes JSON on stdout" test $? -eq 0
check "the same for any batch and threads" cmp a.json b.json
check "and the text elsewhere" test "$(tail -n 1 eval.err)" == "$(tail -n 1 train)"
check "the JSON has the accuracy" test "test accuracy: $(json a.json '"%.2f" % (100 * d["hits"] / d["images"])') %" == "$(tail -n 1 train)"
check "its matrix has each image" test "$(json a.json 'sum(map(sum, d["confusion"])) == d["images"]')" == True
check "and its diagonal each hit" test "$(json a.json 'sum(d["confusion"][i][i] for i in range(10)) == d["hits"]')" == True
"$intrain" train --data synthetic:64 --model mlp --epochs 1 --batch 16 --threads 1 --test-mirror --out turned > turned.train
"$intrain" eval --checkpoint turned/best.ckpt --json turned.json > turned.eval
"$intrain" eval --checkpoint turned/best.ckpt --no-test-mirror --json alone.json > /dev/null
check "eval takes images with their mirror images as the training did" test "$(tail -n 1 turned.eval)" == "$(grep '^test accuracy' turned.train)"
check "and says so" has turned.eval '^each image with its mirror image$'
check "or alone, at another loss, as the JSON tells" test "$(json turned.json \
  "d['test_mirror'], 'test_mirror' in (alone := json.load(open('alone.json'))), d['loss'] != alone['loss']")" == "(True, False, True)"
predict=("$intrain" predict --checkpoint turned/best.ckpt a.png)
check "predict does as the training did, and says so" test "$("${predict[@]}" | sed -n 1p)" == "each image with its mirror image"
check "or alone" test "$("${predict[@]}" --no-test-mirror | sed -n 1p)" == a.png
check "and so does its JSON" test "$("${predict[@]}" --json | json /dev/stdin 'd["test_mirror"]')" == True
check "or moved as well" test "$("${predict[@]}" --test-shift 2 | sed -n 1p)" == "each image with its mirror image, and both moved by 2 pixels each way"
"$intrain" eval --checkpoint turned/best.ckpt --no-test-mirror --test-shift 1 --json moved.json > moved.eval
check "eval moves images, and says so" has moved.eval '^each image also moved by 1 pixel each way$'
check "at another loss, as the JSON tells" test "$(json moved.json \
  "d['test_shift'], 'test_mirror' in d, d['loss'] != json.load(open('alone.json'))['loss']")" == "(1, False, True)"

"$intrain" inspect --checkpoint runs/synthetic-resnet8-1/final.ckpt --batch 16 > inspect
check "inspect succeeds" test $? -eq 0
for tensor in W A x_hat E1 E2 G; do check "inspect tells of $tensor" has inspect "^conv0 +$tensor +[0-9]+ "; done
check "inspect names its picture" has inspect '^picture: runs/synthetic-resnet8-1/inspect.png$'
check "and draws it" test -s runs/synthetic-resnet8-1/inspect.png
check "inspect names the picture of the exponents" last_is inspect '^exponents over time: runs/synthetic-resnet8-1/inspect_exponents.png$'
check "and draws it" test -s runs/synthetic-resnet8-1/inspect_exponents.png
"$intrain" export --checkpoint runs/synthetic-resnet8-1/final.ckpt --onnx net.onnx > export
check "export tells what it wrote" last_is export '^resnet8 after 2 epochs, exact: net\.onnx \([0-9]+ bytes\)$'
"$intrain" export --checkpoint runs/synthetic-resnet8-1/final.ckpt --onnx again.onnx --exact > /dev/null
check "the exact form is the default, and the same each time" cmp net.onnx again.onnx
"$intrain" export --checkpoint runs/synthetic-resnet8-1/final.ckpt --safetensors state.safetensors > export
check "export writes the tensors" last_is export '^resnet8 after 2 epochs, all state: state\.safetensors \([0-9]+ tensors\)$'
"$intrain" export --checkpoint runs/synthetic-resnet8-1/final.ckpt --onnx qdq.onnx --qdq > export
check "export writes the other form" last_is export '^resnet8 after 2 epochs, qdq: qdq\.onnx \([0-9]+ bytes\)$'
mkdir alone && cp runs/synthetic-resnet8-1/final.ckpt alone/
"$intrain" inspect --checkpoint alone/final.ckpt --batch 16 > inspect
check "a checkpoint by itself has no exponents over time" last_is inspect '^picture: alone/inspect.png$'

# A net in a file, which the run keeps.
cp "$examples/net.toml" mine.toml
"$intrain" train --data synthetic:256 --model mine.toml --epochs 1 --batch 32 > mine
check "a net in a file trains" test $? -eq 0
check "its run folder has the file's name" test -s runs/synthetic-mine-1/final.ckpt
"$intrain" train --data synthetic:256 --model resnet8 --epochs 1 --batch 32 > same
check "and the bits of the same net by name" test "$(grep '^signature' mine)" == "$(grep '^signature' same)"
rm mine.toml
"$intrain" eval --checkpoint runs/synthetic-mine-1/final.ckpt > eval
check "eval needs the checkpoint alone" test "$(tail -n 1 eval)" == "$(tail -n 1 mine)"
"$intrain" train --config runs/synthetic-mine-1/config.json > again
check "so does the run's configuration" test "$(grep '^signature' mine)" == "$(grep '^signature' again)"
"$intrain" train --config runs/synthetic-mine-1/config.json --model mlp > mlp
check "--model wins over the configuration's net" has mlp '^training mlp '

# A net that another one's training begins from.
"$intrain" train --data synthetic:256 --model resnet8 --epochs 1 --batch 32 --init-from runs/synthetic-resnet8-1/final.ckpt \
  --freeze 'conv*.weight' --freeze 'conv*.beta' --label-smoothing 0.1 --patience 2 --out begun > begun.train
check "a training begins from a checkpoint" last_is begun.train '^test accuracy: [0-9]+\.[0-9]{2} %$'
check "its settings are kept" has begun/config.json '"conv\*\.beta"'
"$intrain" train --config begun/config.json > begun.again
check "and give the same bits" test "$(grep '^signature' begun.train)" == "$(grep '^signature' begun.again)"

# A page about runs.
"$intrain" report runs/synthetic-resnet8-1 runs/synthetic-resnet8-3 > report 2> report.err
check "report succeeds" test $? -eq 0
check "report prints nothing on stderr" test ! -s report.err
check "report tells what it evaluates" has report '^evaluating runs/synthetic-resnet8-3/final\.ckpt on synthetic:256$'
check "and names the page" last_is report '^report: report\.html$'
check "the page has the signature that train printed" has report.html "signature $(sed -n 's/^signature: //p' train) after step"
check "and its accuracy" has report.html "$(sed -n 's/^test accuracy: \(.*\) %$/\1/p' train)"
check "and needs nothing else" test -z "$(grep -oE '(src|href)="[^"]{1,10}' report.html | grep -vE '="(data:image|#run)')"
grep -o '<pre>intrain [^<]*--set[^<]*' report.html | sed 's/<pre>intrain //' | xargs "$intrain" > repeated
check "its command gives the same bits" test "$(grep '^signature' narrow)" == "$(grep '^signature' repeated)"
cp "$examples/net.toml" '<b>&".toml'
"$intrain" train --data synthetic:256 --model '<b>&".toml' --epochs 1 --batch 32 --out '<i>' > /dev/null
"$intrain" report '<i>' --out nasty.html --threads 1 > report
check "names are text" test "$(grep -cE '<b>&|<i>' nasty.html)" -eq 0
check "and are there" has nasty.html '&lt;b&gt;&amp;&quot;\.toml'
"$intrain" report '<i>' --out nasty.html --data mnist:none > report
check "the command of a net in a file names the configuration" has nasty.html 'intrain train --config &#39;&lt;i&gt;/config\.json&#39;<'
check "data that cannot be read is told" has report '^<i>: Nothing could be evaluated: '
check "and the page is written all the same" last_is report '^report: nasty\.html$'
# A net's integers for other programs, and back as another's floating point.
"$intrain" train --data synthetic:256 --model mlp --epochs 1 --batch 32 --out learned > /dev/null
"$intrain" export --checkpoint learned/final.ckpt --safetensors learned.safetensors > export
check "export writes its tensors" test -s learned.safetensors
cat > to_float.py << 'END'
import json, struct, sys
from array import array
source, target = sys.argv[1:]
content = open(source, "rb").read()
length, = struct.unpack("<Q", content[:8])
header, data = json.loads(content[8:8 + length]), content[8 + length:]
exponents = json.loads(header["__metadata__"]["exponents"])
tensors, out = {}, b""
for name, entry in header.items():
    if not name.endswith((".weight", ".bias")):
        continue
    begin, end = entry["data_offsets"]
    values = array("f", [v * 2.0 ** exponents[name] for v in array("i", data[begin:end])]).tobytes()
    tensors[name.removeprefix("linear")] = {"dtype": "F32", "shape": entry["shape"], "data_offsets": [len(out), len(out) + len(values)]}
    out += values
text = json.dumps(tensors).encode()
open(target, "wb").write(struct.pack("<Q", len(text)) + text + out)
END
python3 to_float.py learned.safetensors float.safetensors
check "their exponents make numbers of them" test $? -eq 0
import=("$intrain" import --safetensors float.safetensors --model mlp --data synthetic:256)
"${import[@]}" --calibrate 0 --out back.ckpt > import
check "import succeeds" last_is import '^checkpoint: back.ckpt$'
check "import tells what comes from where" has import '^linear3 +3$'
check "the net comes back as it was" test "$("$intrain" eval --checkpoint back.ckpt | tail -n 1)" == "$("$intrain" eval --checkpoint learned/final.ckpt | tail -n 1)"
"${import[@]}" --threads 1 --out back.1.ckpt > import
check "import tells how much saturates" has import '^linear0 +[0-9.]+ % '
"${import[@]}" --threads 2 --out back.2.ckpt > again
check "the same for any number of threads" test "$("$intrain" eval --checkpoint back.1.ckpt)" == "$("$intrain" eval --checkpoint back.2.ckpt)"
"$intrain" train --data synthetic:256 --model mlp --epochs 1 --batch 32 --lr 0.01 --init-from back.1.ckpt --out further > further.train
check "a training goes on from it" last_is further.train '^test accuracy: [0-9]+\.[0-9]{2} %$'
"$intrain" inspect --checkpoint back.1.ckpt --batch 16 > inspect
check "it can be inspected" test $? -eq 0
"$intrain" export --checkpoint back.1.ckpt --onnx back.onnx > export
check "and exported" test -s back.onnx

# inspect tells of a run's first step what its metrics tell.
for settings in "--accumulate 2 --label-smoothing 0.1 --freeze conv0.*" "--recipe wageubn"; do
  "$intrain" train --data synthetic:256 --model resnet8 --epochs 1 --batch 32 --keep 9 --out looked $settings > /dev/null
  "$intrain" inspect --checkpoint looked/step-00000000.ckpt > inspect
  check "inspect shows the next step of $settings" python3 - << 'EOF'
import json
shown = {}
for line in open("inspect"):
    field = line.split()
    if len(field) == 9 and field[5] == "%":
        shown.setdefault(field[0], {})[field[1]] = (int(field[3]), float(field[4]), float(field[6]))
told = next(record["layers"] for record in map(json.loads, open("looked/metrics.jsonl")) if record["type"] == "numbers")
assert len(shown) == 10 and {layer: set(t) for layer, t in shown.items()} == {layer: set(t) for layer, t in told.items()}
for layer, tensors in told.items():
    for tensor, (exp, zeros, saturated) in tensors.items():
        its = shown[layer][tensor]
        assert its[0] == exp and abs(its[1] - 100 * zeros) < 0.02 and abs(its[2] - 100 * saturated) < 0.001, (layer, tensor, its)
EOF
  rm -r looked
done

# Photos: any PNG will do, and one file that is none.
for class in left right; do
  mkdir -p photos/train/$class photos/val/$class
  for copy in 1 2 3; do cp runs/synthetic-resnet8-$copy/curve.png photos/train/$class/$copy.png; done
  cp runs/synthetic-resnet8-1/curve.png photos/val/$class/
done
echo 'no photo' > photos/train/left/4.jpg
"$intrain" train --data folder:photos:32 --model resnet8 --epochs 1 --batch 3 > photos.train
check "photos in folders train" last_is photos.train '^test accuracy: 50\.00 %$'
check "files that cannot be read are counted" has photos.train '^left out: 1 file that cannot be read; all named in runs/folder-resnet8-1/broken\.txt$'
check "and named" has photos.train '^  photos/train/left/4\.jpg: no picture of a kind'
"$intrain" train --data folder:photos:32 --model resnet8 --epochs 1 --batch 3 --threads 2 > photos.again
check "the same bits with two threads" test "$(grep '^signature' photos.train)" == "$(grep '^signature' photos.again)"
for n in $(seq 101 130); do echo 'no photo' > photos/train/left/$n.jpg; done
"$intrain" train --data folder:photos:32 --model resnet8 --epochs 1 --batch 3 --out many > photos.many
check "many of them are told in part" has photos.many '^  and 11 more$'
check "and in full in the run folder" test "$(wc -l < many/broken.txt)" -eq 31
check "one that is whole has no list" test ! -e runs/synthetic-resnet8-1/broken.txt
rm photos/train/left/1??.jpg
"$intrain" eval --checkpoint runs/folder-resnet8-1/final.ckpt > eval
check "eval finds the photos again" last_is eval '^test accuracy: 50\.00 %$'

predict=("$intrain" predict --checkpoint runs/folder-resnet8-1/final.ckpt)
"${predict[@]}" photos/*/*/*.png > predict 2> predict.err
check "predict succeeds" test $? -eq 0
check "predict prints nothing on stderr" test ! -s predict.err
check "predict tells of each file" test "$(grep -c '^photos/.*\.png$' predict)" -eq 8
check "and of its classes" test "$(grep -cE '^  (left |right) +[0-9]+\.[0-9]{2} %$' predict)" -eq 16
"${predict[@]}" photos/*/*/*.png --batch 3 --threads 1 > again
check "the same for any batch and threads" cmp predict again
"${predict[@]}" photos/val/left/curve.png --top 1 > predict
check "--top shows fewer" test "$(wc -l < predict)" -eq 2
"${predict[@]}" photos/val/left/curve.png photos/train/left/4.jpg photos none.png photos/val/right/curve.png > predict 2> predict.err
check "files that cannot be read give exit status 2" test $? -eq 2
check "the others are told of" test "$(grep -c '^photos/val/.*/curve\.png$' predict)" -eq 2
check "and nothing else" test "$(wc -l < predict)" -eq 6
check "the broken ones are told in two lines each" test "$(sed 's/:.*//' predict.err | tr '\n' ' ')" == "error hint error hint error hint "
check "one by one" test "$(grep -c -e '^error: no picture .*4\.jpg)$' -e '^error: it is a folder (photos)$' -e '^error: cannot .*none\.png)$' predict.err)" -eq 3
"${predict[@]}" --json photos/val/left/curve.png none.png > predict.json 2> predict.err
check "and so with --json" test $? -eq 2
check "which is a document" test "$(json predict.json 'd["files"][0]["file"], [c["class"] for c in d["files"][0]["classes"]] == [["left", "right"][c["label"]] for c in d["files"][0]["classes"]], round(sum(c["probability"] for c in d["files"][0]["classes"]), 9), d["broken"][0]["file"]')" \
  == "('photos/val/left/curve.png', True, 1.0, 'none.png')"
"$intrain" predict --checkpoint runs/synthetic-resnet8-1/final.ckpt photos/val/left/curve.png > predict
check "a net of grey images takes a picture, too" test "$(grep -cE '^  [0-9] +[0-9]+\.[0-9]{2} %$' predict)" -eq 5

mv photos/train/right photos/train/wrong && mv photos/val/right photos/val/wrong
"$intrain" eval --checkpoint runs/folder-resnet8-1/final.ckpt > /dev/null 2> eval.err
check "eval refuses other classes" has eval.err "^error: 'wrong' is no class of the net"

# More classes than tables and pictures have room for: one grey pixel each.
mkdir -p many/{train,val}/c{0000..1000}
echo iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg== | base64 -d | tee many/{train,val}/c{0000..1000}/1.png > /dev/null
"$intrain" train --data folder:many:8 --model mlp --epochs 1 --batch 100 --out many/run > /dev/null
"$intrain" eval --checkpoint many/run/final.ckpt --json many.json > eval
check "eval of many classes refers to the JSON" has eval '^1001 classes: --json has the counts of each$'
check "which has each class, and no matrix" test "$(json many.json 'len(d["classes"]), "confusion" in d, d["hits"], d["top5_hits"]')" == "(1001, False, 1, 5)"
"$intrain" eval --checkpoint many/run/final.ckpt --confusion many.png > /dev/null 2> eval.err
check "a picture of too many classes is refused" test $? -eq 2
check "in two lines that name the flag" test "$(grep -c -e '^error: 1001 classes .*(--confusion)$' -e '^hint: .*--json' eval.err)" -eq 2
check "and not drawn" test ! -e many.png

# The speedrun, by a program that only says what a training and an evaluation say at their ends.
cat > stub << 'END'
#!/bin/sh
echo "$*" >> "stub.$1"
if [ "$1" = eval ]; then
  seed=${3#out/seed-}
  echo "test accuracy: 9${seed%/final.ckpt}.50 %"
  exit
fi
for argument; do
  [ "$before" != --seed ] || seed=$argument
  before=$argument
done
echo "epoch 1/1  loss 1.0  test accuracy 10.00 %"
printf 'time: 0:01\nsignature: 000000000000000%s\ntest accuracy: 80.00 %%\n' "$seed"
END
chmod +x stub
OUT=out INTRAIN=./stub "$examples/speedrun/run.sh" images 2 5 > speedrun
check "the speedrun succeeds" test $? -eq 0
check "and tells of each seed" test "$(grep -c '^seed [25]: test accuracy: 9[25]\.50 % .*signature: 000000000000000[25]' speedrun)" -eq 2
check "and their mean" test "$(tail -n 1 speedrun)" == "mean of 2: 94.00 %"
check "it trains on the images it is given" test "$(grep -c -- '--data cifar10:images ' stub.train)" -eq 2
for command in train eval; do
  for flag in $(tr ' ' '\n' < stub.$command | grep '^--' | sort -u); do check "$command knows the speedrun's $flag" has help.$command "$flag "; done
done
"$examples/speedrun/run.sh" 2> speedrun.err
check "the speedrun without images says what it takes" test $? -eq 2 -a -s speedrun.err

finish "the command line"
