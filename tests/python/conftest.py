"""What the tests of the package share. The package is found as any other: PYTHONPATH=build/release/python, or installed."""

import os
import re
import signal
import subprocess
from pathlib import Path

import hypothesis
import numpy as np
import pytest

import intrain

# The same examples each time, and no files beside the sources.
hypothesis.settings.register_profile("same", derandomize=True, database=None)
hypothesis.settings.load_profile("same")

# Nothing is left in the home folder.
os.environ["INTRAIN_CACHE"] = ""

# A shell's background job begins with Ctrl-C ignored, and so would the programs that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Examples and notebooks run in other folders, and with this package.
os.environ["PYTHONPATH"] = str(Path(intrain.__file__).absolute().parents[1])

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def program():
    """The program intrain, which the package is held to."""
    path = Path(os.environ.get("INTRAIN_PROGRAM", ROOT / "build/release/intrain"))
    if not path.exists():
        pytest.skip(f"{path} is not built")
    return path


@pytest.fixture(scope="session")
def run_program(program):
    """run_program(*arguments): its standard output."""

    def run(*arguments):
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def train_program(run_program):
    """The signature that ``intrain train`` prints."""

    def train(*arguments):
        return re.search(r"^signature: ([0-9a-f]{16})$", run_program("train", *arguments), re.M)[1]

    return train


@pytest.fixture(scope="session")
def synthetic():
    """synthetic:256, as the library reads it."""
    return intrain.load_data("synthetic:256")


@pytest.fixture(scope="session")
def arrays(synthetic):
    """The same as arrays of numpy's own: X, y, X_val, y_val."""
    return tuple(np.array(a) for a in (synthetic.train.images, synthetic.train.labels, synthetic.test.images, synthetic.test.labels))


@pytest.fixture(scope="session")
def data(arrays, synthetic):
    """And as a Data."""
    return intrain.Data(*arrays, classes=synthetic.classes, mirror=synthetic.splits.mirror)


@pytest.fixture(scope="session")
def fashion_mnist_signature(train_program, tmp_path_factory):
    """Of an epoch of resnet8 by the program, with the settings that it has."""
    if not Path("/usr/share/datasets/fashion-mnist").is_dir():
        pytest.skip("the package dataset-fashion-mnist is not installed")
    return train_program("--data", "fashion-mnist", "--model", "resnet8", "--epochs", 1, "--threads", len(os.sched_getaffinity(0)),
                         "--out", tmp_path_factory.mktemp("fashion-mnist") / "run")
