#!/usr/bin/env python3
"""Speed and memory of intrain.Classifier beside `intrain train`, alternately: the same training, by signature.

    PYTHONPATH=build/release/python build/python-tests/bin/python bench/python_fit.py [--data fashion-mnist] [--model resnet8] [--rounds 3]

--trainer: intrain.Trainer instead, which takes no scikit-learn.
Images/s are those of the epoch, without reading and evaluating, medians of the rounds. Memory: what fit takes is the peak of the process while it
runs, less what was resident just before, and the arrays, which the program holds too; that is set against the program's peak. Import time is of a fresh interpreter, the median of 9, with numpy and without.
"""
import argparse
import importlib.util
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from peers import fail

ROOT = Path(__file__).resolve().parents[1]
# This process stays small: the peak that the system tells of a process holds that of the one that started it.
SAVE = """
import sys
import numpy as np, intrain
data = intrain.load_data(sys.argv[1])
arrays = {"X": data.train.images, "y": data.train.labels, "X_val": data.test.images, "y_val": data.test.labels}
for name, array in arrays.items():
    np.save(f"{sys.argv[2]}/{name}.npy", array)
print(sum(array.nbytes for array in arrays.values()) / 1e6, data.splits.mirror, intrain.instruction_set())
"""
FIT = """
import sys
import numpy as np, intrain
folder, model, batch, threads, mirror, trainer = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), *map(eval, sys.argv[5:])
X, y, X_val, y_val = (np.load(f"{folder}/{name}.npy") for name in ("X", "y", "X_val", "y_val"))
if not trainer:
    intrain.Classifier
def resident(key):
    return next(line.split()[1] for line in open("/proc/self/status") if line.startswith(key))
open("/proc/self/clear_refs", "w").write("5")  # the peak begins anew
before = resident("VmRSS")
if trainer:
    data = intrain.Data(X, y, X_val, y_val, mirror=mirror)
    history = intrain.Trainer(model, data=data, epochs=1, batch=batch, threads=threads).fit()
else:
    history = intrain.Classifier(model, epochs=1, batch_size=batch, n_jobs=threads, mirror=mirror).fit(X, y, validation_data=(X_val, y_val)).history_
print(history.signature, history["images_per_second"][0], before, resident("VmHWM"))
"""
IMPORT = "import time; a = time.perf_counter(); import numpy; b = time.perf_counter(); import intrain; c = time.perf_counter(); print(b - a, c - b)"


def run_python(text, *arguments):
    """What it prints, word by word."""
    return subprocess.run([sys.executable, "-c", text, *map(str, arguments)], check=True, capture_output=True, text=True).stdout.split()


def by_program(options, folder):
    """Signature, images/s, peak in MB."""
    run = Path(tempfile.mkdtemp(dir=folder)) / "run"
    command = [ROOT / "build/release/intrain", "train", "--data", options.data, "--model", options.model, "--epochs", "1", "--batch",
               str(options.batch), "--threads", str(options.threads), "--out", run]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    text = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(text)
    rate = float((run / "epochs.csv").read_text().splitlines()[1].split(",")[6])
    return re.search(r"signature: (\w+)", text)[1], rate, used.ru_maxrss * 1.024e-3


def by_python(options, folder, mirror):
    """Signature, images/s, memory before fit and peak of it in MB."""
    signature, rate, before, peak = run_python(FIT, folder, options.model, options.batch, options.threads, mirror, options.trainer)
    return signature, float(rate), float(before) * 1.024e-3, float(peak) * 1.024e-3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--model", default="resnet8")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3, help="times that both are run")
    parser.add_argument("--trainer", action="store_true", help="intrain.Trainer instead of Classifier")
    options = parser.parse_args()
    if importlib.util.find_spec("intrain") is None:
        fail("this Python has no package intrain", "take one that has, or give its folder as PYTHONPATH (see --help)")

    with tempfile.TemporaryDirectory() as folder:
        size, mirror, isa = run_python(SAVE, options.data, folder)
        program, python = [], []
        for _ in range(options.rounds):
            program.append(by_program(options, folder))
            python.append(by_python(options, folder, mirror))
    signatures = {row[0] for row in program + python}
    if len(signatures) != 1:
        sys.exit(f"error: the signatures differ: {signatures}")
    rates = [statistics.median(row[1] for row in rows) for rows in (program, python)]
    ratio = statistics.median(b[1] / a[1] for a, b in zip(program, python))
    peaks = [statistics.median(row[-1] for row in rows) for rows in (program, python)]
    before = statistics.median(row[2] for row in python)
    imports = [tuple(map(float, run_python(IMPORT))) for _ in range(9)]
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())[1]
    print(f"{options.model}, {options.data}, batch {options.batch}, {options.threads} threads of {cpu}, {isa}")
    print(f"signature {signatures.pop()} of all {2 * options.rounds} runs")
    print(f"images/s: intrain train {rates[0]:.0f}, {'Trainer' if options.trainer else 'Classifier'}.fit {rates[1]:.0f}; ratio, median of {options.rounds} pairs: {ratio:.3f}")
    added = statistics.median(row[3] - row[2] for row in python)
    print(f"memory: intrain train {peaks[0]:.0f} MB; fit {added + float(size):.0f} MB, of which the arrays {float(size):.0f}; ratio {(added + float(size)) / peaks[0]:.2f}")
    print(f"the whole Python process: {peaks[1]:.0f} MB, of which {before:.0f} MB before fit")
    print(f"import: numpy {statistics.median(i[0] for i in imports):.3f} s, then intrain {statistics.median(i[1] for i in imports):.3f} s")


if __name__ == "__main__":
    main()
