#!/usr/bin/env python3
"""Trains nets, exports them, and compares ONNX Runtime with intrain over whole test sets.

    onnx_test.py INTRAIN REFERENCE                          nets of every kind on synthetic images
    onnx_test.py INTRAIN REFERENCE CHECKPOINT DATA ...      these checkpoints, each on the test images of its data set

INTRAIN, REFERENCE: the programs intrain and export_reference. The exact form must return all logits of intrain; the accuracy of the qdq form
must lie within 0.1 points of its, where there are at least 10,000 images. Ends with "N exports agree, M not"; exit status 1 if M is not 0.
"""
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
SMALL, COLOUR, LARGE = "synthetic:400", "synthetic:160:32", "synthetic:32:64"
# (model, data, further flags of train): of each layer, value and width; images of one channel and of three.
NETS = [
    ("mlp", SMALL, []),
    ("resnet8", COLOUR, []),
    ("resnet8", SMALL, ["--average", "3", "--logit-shift", "2"]),  # others use the average, not the last weights
    ("resnet8", SMALL, ["--recipe", "wageubn"]),
    ("resnet8_v2", COLOUR, []),
    ("resnet8_v2", COLOUR, ["--lr", "2"]),  # its streams become wide
    ("resnet20", SMALL, ["--set", "w=4", "--set", "a=5"]),
    ("resnet20_v2", SMALL, ["--set", "gamma=5"]),
    ("resnet20_a", COLOUR, []),
    ("resnet18", LARGE, []),
    ("resnet50", LARGE, []),
    ("resnet18_v2", LARGE, []),
    ("resnet50_v2", LARGE, []),
    ("vgg_small", "synthetic:64", []),
    ("mobilenet_v2", SMALL, []),
    (str(EXAMPLES / "net.toml"), COLOUR, []),
    (str(EXAMPLES / "vgg.toml"), SMALL, []),
    (str(EXAMPLES / "mobile.toml"), COLOUR, []),
    (str(EXAMPLES / "mobile.toml"), COLOUR, ["--set", "a=5"]),
]
BATCHES = (1, 250)  # the model takes any; the logits do not depend on it
LEAST_IMAGES, MOST_POINTS = 10000, 0.1

passed, failures = [], []


def run(*command):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


def check(what, holds):
    (passed if holds else failures).append(what)
    if not holds:
        print(f"FAILED {what}")


def logits_of(model, images, batch):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # other programs may need the CPUs
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    parts = [session.run(["logits"], {"images": images[i:i + batch]})[0] for i in range(0, len(images), batch)]
    return np.concatenate(parts), session.get_modelmeta()


def compare(intrain, reference, checkpoint, data, name, folder):
    run(reference, checkpoint, data, folder)
    images, labels, logits = (np.load(folder / f"{part}.npy") for part in ("images", "labels", "logits"))
    accuracy = 100 * np.mean(logits.argmax(1) == labels)
    run(intrain, "export", "--checkpoint", checkpoint, "--onnx", folder / "exact.onnx")
    for batch in BATCHES:
        some = images if batch > 1 else images[:20]
        got, meta = logits_of(folder / "exact.onnx", some, batch)
        differing = np.count_nonzero(got != logits[:len(some)])
        check(f"{name}, exact, batch {batch}: {differing} of {got.size} logits differ", got.dtype == np.int32 and differing == 0)
    about = meta.custom_metadata_map
    check(f"{name}: metadata {about}", about["form"] == "exact" and meta.producer_name == "intrain" and "model" in about)
    if "classes" in about:
        check(f"{name}: {about['classes']}", len(json.loads(about["classes"])) == logits.shape[1])

    run(intrain, "export", "--checkpoint", checkpoint, "--onnx", folder / "qdq.onnx", "--qdq")
    got, _ = logits_of(folder / "qdq.onnx", images, BATCHES[-1])
    qdq_accuracy = 100 * np.mean(got.argmax(1) == labels)
    values = logits * 2.0 ** int(about["logits_exp"])
    error = np.sqrt(np.mean((got - values) ** 2)) / values.std()
    check(f"{name}, qdq: root mean square error {error:.3f} of the logits' deviation", error < 0.5)
    if len(images) >= LEAST_IMAGES:
        check(f"{name}, qdq: accuracy {qdq_accuracy:.2f} % for {accuracy:.2f} %", abs(qdq_accuracy - accuracy) <= MOST_POINTS)
    print(f"{name:<30} {len(images):>6} images  exact: {differing} of {logits.size} logits differ  accuracy {accuracy:6.2f} %  "
          f"qdq: {qdq_accuracy:6.2f} %, error {error:.4f}", flush=True)


def train_and_compare(intrain, reference, net, folder):
    model, data, flags = net
    run(intrain, "train", "--data", data, "--model", model, "--epochs", 1, "--batch", 16, "--threads", 1, *flags, "--out", folder)
    compare(intrain, reference, folder / "final.ckpt", data, " ".join([Path(model).name, *flags]), folder)


def main():
    intrain, reference = (Path(p).resolve() for p in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as root:
        root = Path(root)
        given = list(zip(sys.argv[3::2], sys.argv[4::2]))
        for checkpoint, data in given:
            compare(intrain, reference, checkpoint, data, Path(checkpoint).parent.name, root)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for done in [pool.submit(train_and_compare, intrain, reference, net, root / str(i)) for i, net in enumerate([] if given else NETS)]:
                done.result()
    print(f"{len(passed)} exports agree, {len(failures)} not")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
