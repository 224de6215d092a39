"""Ranks in Python: `tools/test.sh ranks` runs this. Each test starts a program on ranks: few and short ones, for a Python costs 0.3 s to start."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import intrain

PLUGIN = Path(os.environ.get("INTRAIN_MPI", ""))
TIMEOUT_S = 600  # a busy machine is no failure
MPIRUN = ["mpirun", "--oversubscribe", "--allow-run-as-root", "--bind-to", "none"]

pytestmark = pytest.mark.skipif(
    shutil.which("mpirun") is None or not PLUGIN.is_file(), reason="INTRAIN_MPI names no plug-in, or there is no mpirun: tools/test.sh ranks has both"
)


@pytest.fixture
def run(tmp_path):
    """run(program, ranks): its exit status, output and errors."""

    def run(program, ranks):
        path = tmp_path / "train.py"
        path.write_text(program)
        done = subprocess.run(
            [*MPIRUN, "-n", str(ranks), sys.executable, path],
            capture_output=True, text=True, timeout=TIMEOUT_S, cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        return done.returncode, done.stdout, done.stderr

    return run


BEGIN = """
import os
import intrain
intrain.distributed.initialize()
rank, ranks = intrain.distributed.rank(), intrain.distributed.ranks()
"""

# A process that a rank forks is none, and mpi4py may come later.
GUESTS = """
import ctypes
level = ctypes.c_int()
assert ctypes.CDLL("libmpi.so.40").MPI_Query_thread(ctypes.byref(level)) == 0 and level.value == 3  # MPI_THREAD_MULTIPLE
child = os.fork()
if child == 0:
    try:
        assert not intrain.distributed.is_initialized()
        intrain.Trainer("mlp", data="synthetic:64", batch=9, threads=1)
    except intrain.Error as e:
        os._exit(7 if "forked" in str(e) else 2)
    os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""

# What all ranks must say alike, each in one line; rank 0's progress comes between.
TRAININGS = """
data = intrain.load_data("synthetic:64")
X, X_val = data.train.images, data.test.images
trainer = intrain.Trainer("resnet8", data=data, epochs=2, batch=11, threads=1, out="run")
calls = []
class Watch(intrain.Callback):
    every_step = True
    def on_step_end(self, trainer, step):
        if step.step % 5 == 0:
            calls.append((step.step, trainer.evaluate(data.test).loss))
history = trainer.fit(callbacks=[Watch(), intrain.Checkpoint("best.ckpt")], verbose=1)
logits = trainer.predict(X_val[:7], "integers")
assert (logits == trainer.net.predict(X_val[:7], "integers")).all()
said = [history.signature, history["loss"], history["val_accuracy"], calls, logits.tolist(), trainer.evaluate(data.test).confusion.tolist()]
said.append(intrain.Trainer.resume(trainer.state(), data, threads=1).signature)
stream = intrain.Stream(X.shape[1:], 10, steps=8, mean=[0.5], deviation=[0.25])
online = intrain.Trainer("mlp", data=stream, batch=16, threads=1)
said.append([online.step(X[:n], data.train.labels[:n]).loss for n in (16, 11, 5)] + [online.signature])
def stop(trainer, epoch):
    return rank == ranks - 1 and epoch.epoch == 3
said.append(intrain.Trainer("mlp", data=data, epochs=400, batch=32, threads=1).fit(callbacks=stop)["epoch"])
open(f"said{rank}.txt", "w").write(repr(said))
"""


def test_the_bits_are_those_of_one_process(run, tmp_path, monkeypatch):
    """Also where a callback on one rank stops all."""
    monkeypatch.chdir(tmp_path)
    exec("import intrain\nrank, ranks = 0, 1\n" + TRAININGS, {})
    whole = (tmp_path / "said0.txt").read_text()
    assert whole.endswith(" [1, 2, 3]]")
    files = {f: (tmp_path / f).read_bytes() for f in ("run/final.ckpt", "best.ckpt")}
    shutil.rmtree(tmp_path / "run")
    status, out, err = run(BEGIN + GUESTS + TRAININGS, 3)
    assert status == 0, err
    assert [(tmp_path / f"said{r}.txt").read_text() == whole for r in range(3)] == [True] * 3
    assert all((tmp_path / f).read_bytes() == files[f] for f in files)
    assert (out + err).count("epoch 2: ") == 1  # rank 0's


# As mpi4py does it.
OTHERS_MPI = """
import atexit, ctypes
mpi = ctypes.CDLL("libmpi.so.40", ctypes.RTLD_GLOBAL)
provided, finalized = ctypes.c_int(), ctypes.c_int()
assert mpi.MPI_Init_thread(None, None, LEVEL, ctypes.byref(provided)) == 0
def finalize():
    assert mpi.MPI_Finalized(ctypes.byref(finalized)) == 0 and finalized.value == 0
    mpi.MPI_Finalize()
    print("finalized by its own")
atexit.register(finalize)
"""


def test_the_page(run):
    """The program in docs/ranks.md prints one signature on 2 ranks, that of one process; also where another has initialized MPI."""
    if importlib.util.find_spec("sklearn") is None:
        pytest.skip("there is no scikit-learn")
    page = re.search(r"^    # train\.py\n(?:    .*\n|\n)*", (ROOT / "docs/ranks.md").read_text(), re.M)[0]
    program = re.sub("^    ", "", page, flags=re.M)
    data = intrain.load_data(re.search(r'load_data\("(.*)"\)', program)[1])
    alone = intrain.Trainer("resnet8", data=intrain.Data(data.train.images, data.train.labels, classes=data.classes), epochs=1, batch=32).fit()
    status, out, err = run(OTHERS_MPI.replace("LEVEL", "3") + program, 2)
    assert status == 0, err
    assert sorted(out.splitlines()) == [alone.signature, "finalized by its own", "finalized by its own"]


SMALL = BEGIN + """
data = intrain.load_data("synthetic:64")
def on_epoch(trainer, epoch):
    WHAT
intrain.Trainer("mlp", data=data, epochs=400, batch=32, threads=1).fit(callbacks=on_epoch)
"""


def test_an_exception_on_a_rank_ends_all(run):
    """The others have no more to do together, or wait for it in a training."""
    program = SMALL.replace("WHAT", "if rank == 1 and epoch.epoch == 3: raise RuntimeError('no more')")
    for rest in ("", "intrain.Trainer('mlp', data=data, epochs=1, batch=32, threads=1)"):
        status, _, err = run(program + rest, 2)
        assert status != 0
        assert err.count("RuntimeError: no more") == 1
        assert re.search(r"^rank 1 on .*:\nTraceback", err, re.M)


def test_an_error_of_all_is_told_once(run):
    status, _, err = run(BEGIN + 'intrain.Trainer("mlp", data="synthetic:64", batch=1, threads=1).fit()', 2)
    assert status != 0
    assert err.count("batches of 1 images for 2 ranks") == 1


def test_other_settings_on_a_rank_are_refused(run):
    status, _, err = run(BEGIN + 'intrain.Trainer("mlp", data="synthetic:64", batch=9, seed=rank, threads=1)', 2)
    assert status != 0
    assert re.search("the settings of rank 0 on .* and those of rank 1 on .* are not the same", err)


def test_without_initialize_it_is_refused_but_not_apart(run):
    train = 'intrain.Trainer("mlp", data="synthetic:64", epochs=1, batch=9, threads=1)'
    begin = BEGIN.replace("intrain.distributed.initialize()", "assert not intrain.distributed.is_initialized()")
    refused = f"try:\n    {train}\nexcept intrain.Error as e:\n    print(e)\n"
    status, out, err = run(f"{begin}{refused}intrain.distributed.stay_apart()\nprint('signature', {train}.fit().signature)", 2)
    assert status == 0, err
    assert len(re.findall(r"mpirun started several processes, .*\nhint: call intrain\.distributed\.initialize\(\)", out)) == 2
    signatures = re.findall("^signature (.*)", out, re.M)
    assert len(signatures) == 2
    assert signatures[0] == signatures[1]


def test_mpi_that_another_initialized_needs_all_threads(run):
    status, _, err = run(OTHERS_MPI.replace("LEVEL", "2") + BEGIN, 2)
    assert status != 0
    assert re.search("MPI cannot start: the process has initialized it without MPI_THREAD_MULTIPLE\nhint: leave mpi4py", err)
