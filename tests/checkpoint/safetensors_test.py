#!/usr/bin/env python3
"""The exported state of a training as the package safetensors reads it.

    safetensors_test.py INTRAIN

Needs the packages safetensors and numpy.
"""
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import safetensors

INTRAIN = Path(sys.argv[1]).resolve()
TYPES = {"s16": np.int16, "s32": np.int32, "s64": np.int64}
passed = failed = 0


def check(name, good):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED {name}")


def arrays_of(path):
    """Name -> values, straight from the checkpoint (src/checkpoint/checkpoint.h)."""
    data = path.read_bytes()
    size = struct.unpack_from("<I", data, 12)[0]
    header = json.loads(data[16:16 + size])
    begin = (16 + size + 7) // 8 * 8
    return header, {a["name"]: np.frombuffer(data, TYPES[a["type"]], a["count"], begin + a["offset"]) for a in header["arrays"]}


with tempfile.TemporaryDirectory() as folder:
    run, exported = Path(folder) / "run", Path(folder) / "state.safetensors"
    subprocess.run([INTRAIN, "train", "--data", "synthetic:128", "--model", "resnet8", "--epochs", "1", "--batch", "16", "--out", run],
                   check=True, stdout=subprocess.DEVNULL)
    subprocess.run([INTRAIN, "export", "--checkpoint", run / "final.ckpt", "--safetensors", exported], check=True,
                   stdout=subprocess.DEVNULL)
    header, arrays = arrays_of(run / "final.ckpt")
    with safetensors.safe_open(exported, "numpy") as file:
        about = file.metadata()
        exponents = json.loads(about["exponents"])
        names = [name for name in arrays if not name.endswith("_exp")]
        check("every array is there", sorted(file.keys()) == sorted(names))
        check("every array has an exponent", sorted(exponents) == sorted(names))
        for name in names:
            tensor = file.get_tensor(name)
            check(f"{name}: type", tensor.dtype == arrays[name].dtype)
            check(f"{name}: values", np.array_equal(tensor.ravel(), arrays[name]))
        check("W of a convolution has four dimensions", file.get_tensor("conv0.weight").shape == (16, 3, 3, 1))
        check("so does its momentum", file.get_tensor("conv0.weight.momentum").shape == (16, 3, 3, 1))
        check("a statistic has one", file.get_tensor("conv0.running_mean").shape == (16,))
        check("gamma is near 1", np.all(np.abs(file.get_tensor("conv0.gamma") * 2.0 ** exponents["conv0.gamma"] - 1) < 0.5))
        check("momentum has its own exponent",
              exponents["conv0.weight.momentum"] == arrays["conv0.weight.momentum_exp"][0])
        check("the configuration is there", json.loads(about["config"]) == header["config"])
        check("so are model, step and input", (about["model"], int(about["step"]), json.loads(about["input"])) ==
              (header["model"], header["step"], header["input"]))

print(f"{passed} checks of exported tensors passed, {failed} failed")
sys.exit(failed > 0)
