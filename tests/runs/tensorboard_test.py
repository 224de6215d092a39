#!/usr/bin/env python3
"""Event files as TensorBoard itself reads them: those of a run, stopped once and gone on with.

    tensorboard_test.py INTRAIN

Needs the package tensorboard.
"""
import csv
import json
import math
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

INTRAIN = Path(sys.argv[1]).resolve()
passed = failed = 0


def check(name, good):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED {name}")


def near(a, b):
    return math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-6)


with tempfile.TemporaryDirectory() as folder:
    run = Path(folder) / "run"
    training = [INTRAIN, "train", "--data", "synthetic:512", "--model", "resnet8", "--epochs", "3", "--batch", "8", "--tensorboard",
                "--save-every", "7", "--out", run]
    process = subprocess.Popen(training, stdout=subprocess.DEVNULL)
    metrics = run / "metrics.jsonl"
    while not metrics.exists() or metrics.read_text().count('"type": "step"') < 80:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    subprocess.run([INTRAIN, "train", "--resume", run], check=True, stdout=subprocess.DEVNULL)

    events = EventAccumulator(str(run), size_guidance={"scalars": 0, "histograms": 0})
    events.Reload()
    tags = events.Tags()
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    steps = [line for line in lines if line["type"] == "step"]
    for tag, key in (("loss", "loss"), ("accuracy", "accuracy"), ("learning_rate", "lr")):
        seen = events.Scalars(f"step/{tag}")
        check(f"{tag}: each step once, in order", [s.step for s in seen] == [line["step"] for line in steps])
        check(f"{tag}: the values of metrics.jsonl", all(near(s.value, line[key]) for s, line in zip(seen, steps)))
    with open(run / "epochs.csv", newline="") as file:
        epochs = list(csv.DictReader(file))
    check("epochs.csv has a line an epoch", len(epochs) == 3)
    for key in ("train_loss", "train_accuracy", "test_loss", "test_accuracy"):
        seen = events.Scalars(f"epoch/{key}")
        check(f"{key}: the values of epochs.csv", [s.step for s in seen] == [int(e["step"]) for e in epochs] and
              all(near(s.value, float(e[key])) for s, e in zip(seen, epochs)))
    numbers = [line for line in lines if line["type"] == "numbers"]
    seen = events.Scalars("exponent_E2/conv3")
    check("exponents: the values of metrics.jsonl", [s.value for s in seen] == [n["layers"]["conv3"]["E2"][0] for n in numbers])
    check("each parameter has a histogram", {"conv0.weight", "conv3.gamma", "linear10.bias"} <= set(tags["histograms"]))
    weights = events.Histograms("conv0.weight")
    value = weights[-1].histogram_value
    check("a histogram an epoch", len(weights) == 3)
    check("it counts all weights", value.num == sum(value.bucket) == 3 * 3 * 16)

print(f"{passed} checks of event files passed, {failed} failed")
sys.exit(failed > 0)
