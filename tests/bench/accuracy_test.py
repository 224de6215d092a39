#!/usr/bin/env python3
"""bench/accuracy.py without trainings: docs/results.md and README.md against the file of results, and, with programs that only say that they
trained, what is run, what is written down, and what goes on after it was cut off."""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from judging import expect, verdict

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench/results.json"


def accuracy(*flags):
    return subprocess.run([sys.executable, str(ROOT / "bench/accuracy.py"), *map(str, flags)], capture_output=True, text=True)


def test_documents():
    shown = accuracy("--show")
    expect("docs/results.md holds what 'bench/accuracy.py --show' prints", shown.stdout.strip() in (ROOT / "docs/results.md").read_text(), shown.stderr)
    # README writes a row's seeds in brackets, as the table does.
    readme, known = (ROOT / "README.md").read_text(), RESULTS.read_text()
    values = [v for seeds in re.findall(r"% \(([0-9., ]+)\) \|", readme) for v in seeds.split(", ")]
    speedrun = {v for row in re.findall(r"examples/speedrun.*% \(([0-9., ]+)\) \|", readme) for v in row.split(", ")}  # a script of its own
    expect("README.md has accuracies of several seeds", len(values) > 5)
    missing = [v for v in values if v not in speedrun and f'"accuracy": {float(v)},' not in known]
    expect("README.md's accuracies are in bench/results.json", not missing, missing)
    # docs/wageubn.md takes the recipe apart, a row of results each.
    page = (ROOT / "docs/wageubn.md").read_text()
    apart = page[page.index("one thing at a time"):]
    told = {" ".join(["--recipe wageubn", flags]).strip(): float(v)
            for flags, v in re.findall(r"^\| (?:`--recipe wageubn`|with `(.*)`) \| ([0-9.]+) \|$", apart, re.M)}
    rows = {r["flags"]: r["accuracy"] for r in json.loads(known) if (r["model"], r["epochs"], r["twin"]) == ("resnet20_v2", 20, False)}
    expect("docs/wageubn.md's rows of 20 epochs are in bench/results.json", len(told) > 8 and told.items() <= rows.items(), [told, rows])


# Programs that say what they were asked to train, and that they have.
INTRAIN = r"""#!/bin/sh
echo "$*" >> "$0.log"
while [ $# -gt 0 ]; do
  case "$1" in --out) mkdir -p "$2"; folder=$2; shift ;; --resume) resumed=yes ;; esac
  shift
done
if [ -e "$0.cut" ] && [ -z "$resumed" ]; then touch "$folder/step-1.ckpt"; echo 'error: no memory is left' >&2; exit 1; fi
echo 'epoch 1/1  1500 images/s  test loss 0.5'
echo 'signature: 0123456789abcdef'
echo 'test accuracy: 91.25'
"""
PYTHON = r"""#!/bin/sh
shift
echo "$*${MALLOC_TRIM_THRESHOLD_:+ memory kept}" >> "$0.log"
[ "$1" != about ] || { echo '{"torch": "2.15.0", "compiles": true, "why_not": "", "onnxruntime": null}'; exit; }
echo 'epoch 1.00 loss 0.5 train 80.00 test 89.00 (400 img/s with evaluation)'
echo 'epoch 2.00 loss 0.4 train 85.00 test 90.50 (410 img/s with evaluation)'
"""


def test_training(folder):
    intrain, python, file, runs = (Path(folder, name) for name in ("intrain", "python", "results.json", "runs"))
    for program, text in ((intrain, INTRAIN), (python, PYTHON)):
        program.write_text(text)
        program.chmod(0o755)
    logged = lambda program: Path(f"{program}.log").read_text().splitlines()
    train = lambda *more: accuracy("--json", file, "--intrain", intrain, "--python", python, "--commit", "abc", "--threads", "1", "--data",
                                   "cifar10:/somewhere", "--model", "resnet20", "--epochs", "2", "--flags=--nesterov", *more)
    done = train("--seeds", "0,1")
    expect("trainings end well", done.returncode == 0, done.stderr)
    rows = json.loads(file.read_text())
    expect("a row a seed, of the data's name alone", [(r["seed"], r["data"], r["accuracy"], r["signature"], r["images_per_second"], r["commit"])
           for r in rows] == [(s, "cifar10", 91.25, "0123456789abcdef", 1500, "abc") for s in (0, 1)], rows)
    expect("what is run", re.fullmatch(r"train --data cifar10:/somewhere --model resnet20 --epochs 2 --batch 128 --seed 0 --threads 1 --nesterov "
                                       r"--out \S+/resnet20-2-[0-9a-f]{12}", logged(intrain)[0]), logged(intrain)[0])
    train("--seeds", "0,1")
    expect("what is there is not trained again", len(logged(intrain)) == 2, logged(intrain))

    Path(f"{intrain}.cut").touch()
    done = train("--seeds", "2", "--runs", runs)
    expect("a training that fails is told", done.returncode == 2 and "error: intrain failed: no memory is left\nhint: " in done.stderr, done.stderr)
    expect("and is no result", len(json.loads(file.read_text())) == 2)
    done = train("--seeds", "2", "--runs", runs)
    made = next(runs.iterdir())
    expect("it goes on from its folder", done.returncode == 0 and logged(intrain)[-1] ==
           f"train --resume {made} --data cifar10:/somewhere --threads 1", logged(intrain)[-1])

    done = train("--seeds", "0", "--twin", "--runs", runs)
    twin = json.loads(file.read_text())[-1]
    expect("the twin's last accuracy counts", (twin["twin"], twin["accuracy"], twin["images_per_second"], twin["signature"], twin["torch"]) ==
           (True, 90.5, 410, None, "2.15.0"), twin)
    expect("its state has the name of the run folder that intrain's would have, its allocator keeps memory", logged(python)[-1].endswith(
        f"--seed 0 --threads 1 --nesterov --state {runs}/{Path(logged(intrain)[0].split()[-1]).name}.pt memory kept"), logged(python)[-1])
    expect("both are in one line", "| `resnet20`, cifar10, 2, 128 | `--nesterov` | 91.25 ± 0.00 (91.25, 91.25, 91.25) | 90.50; seed 0 | "
           "`0123456789abcdef` | abc |" in done.stdout, done.stdout)


def main():
    test_documents()
    with tempfile.TemporaryDirectory() as folder:
        test_training(folder)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
