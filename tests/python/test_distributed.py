"""Ranks in Python: `tools/test.sh ranks` runs this. Each test starts a program on ranks and on one process."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

PLUGIN = Path(os.environ.get("INTRAIN_MPI", ""))
TIMEOUT_S = 600  # a busy machine is no failure
MPIRUN = ["mpirun", "--oversubscribe", "--allow-run-as-root", "--bind-to", "none"]

pytestmark = pytest.mark.skipif(
    shutil.which("mpirun") is None or not PLUGIN.is_file(), reason="INTRAIN_MPI names no plug-in, or there is no mpirun: tools/test.sh ranks has both"
)


@pytest.fixture
def run(tmp_path):
    """run(program, ranks): its exit status, output and errors. 1 rank is without mpirun."""

    def run(program, ranks=1):
        path = tmp_path / "train.py"
        path.write_text(program)
        done = subprocess.run(
            [*(MPIRUN if ranks > 1 else []), *(["-n", str(ranks)] if ranks > 1 else []), sys.executable, path],
            capture_output=True, text=True, timeout=TIMEOUT_S, cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        return done.returncode, done.stdout, done.stderr

    return run


BEGIN = """
import os, sys, time
import intrain
intrain.distributed.initialize()
rank, ranks = intrain.distributed.rank(), intrain.distributed.ranks()
"""

# What all ranks must say alike, each in one line; rank 0's progress comes between.
TRAININGS = """
data = intrain.load_data("synthetic:96")
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
open(f"said{rank}.txt", "w").write(repr(said))
"""


def test_the_bits_are_those_of_one_process(run, tmp_path):
    status, out, err = run(BEGIN + TRAININGS)
    assert status == 0, err
    whole = (tmp_path / "said0.txt").read_text()
    files = {f: (tmp_path / f).read_bytes() for f in ("run/final.ckpt", "best.ckpt")}
    for ranks in (2, 3):
        shutil.rmtree(tmp_path / "run")
        status, out, err = run(BEGIN + TRAININGS, ranks)
        assert status == 0, err
        assert [(tmp_path / f"said{r}.txt").read_text() == whole for r in range(ranks)] == [True] * ranks
        assert all((tmp_path / f).read_bytes() == files[f] for f in files)
        assert (out + err).count("epoch 2: ") == 1  # rank 0's


SMALL = BEGIN + """
data = intrain.load_data("synthetic:512")
def on_epoch(trainer, epoch):
    WHAT
try:
    history = intrain.Trainer("mlp", data=data, epochs=400, batch=32, threads=1).fit(callbacks=on_epoch)
    print(f"rank {rank} ended at", history["epoch"][-1])
finally:
    AFTER
"""


def small(what="return False", after="pass"):
    return SMALL.replace("WHAT", what).replace("AFTER", after)


def test_the_page(run):
    """The program in docs/ranks.md prints one signature, on ranks that of one process."""
    pytest.importorskip("sklearn")
    program = re.search(r"^    # train\.py\n(?:    .*\n|\n)*", (ROOT / "docs/ranks.md").read_text(), re.M)[0]
    program = re.sub("^    ", "", program, flags=re.M)
    status, alone, err = run(program)
    assert (status, len(alone)) == (0, 17), err
    assert run(program, 2)[:2] == (0, alone)


def test_a_callback_that_returns_true_stops_all(run):
    status, out, err = run(small("return rank == 1 and epoch.epoch == 3"), 3)
    assert status == 0, err
    assert sorted(re.findall(r"rank (\d) ended at (\d+)", out)) == [("0", "3"), ("1", "3"), ("2", "3")]


def test_an_exception_on_a_rank_ends_all(run):
    """The others have no more to do together, or wait for it in a training, or it ends while they train."""
    program = small("if rank == 1 and epoch.epoch == 3: raise RuntimeError('no more')")
    status, _, err = run(program, 3)
    assert status != 0
    assert err.count("RuntimeError: no more") == 1
    assert re.search(r"^rank 1 on .*:\nTraceback", err, re.M)
    status, _, err = run(program + "trainer = intrain.Trainer('mlp', data=data, epochs=1, batch=32, threads=1)", 2)
    assert status != 0
    assert err.count("RuntimeError: no more") == 1
    status, out, _ = run(small("if rank == 1 and epoch.epoch == 3: os._exit(3)"), 2)
    assert status != 0
    assert "ended at" not in out


def test_an_error_of_all_is_told_once(run):
    status, _, err = run(BEGIN + 'intrain.Trainer("mlp", data="synthetic:64", batch=2, threads=1).fit()', 3)
    assert status != 0
    assert err.count("batches of 2 images for 3 ranks") == 1


def test_other_settings_on_a_rank_are_refused(run):
    status, _, err = run(BEGIN + 'intrain.Trainer("mlp", data="synthetic:64", batch=9, seed=rank, threads=1)', 2)
    assert status != 0
    assert re.search("the settings of rank 0 on .* and those of rank 1 on .* are not the same", err)


def test_without_initialize_it_is_refused_but_not_apart(run):
    begin = BEGIN.replace("intrain.distributed.initialize()", "assert not intrain.distributed.is_initialized()")
    train = 'print(intrain.Trainer("mlp", data="synthetic:64", epochs=1, batch=9, threads=1).fit().signature)'
    status, _, err = run(begin + train, 2)
    assert status != 0
    assert re.search(r"Error: mpirun started several processes, .*\nhint: call intrain\.distributed\.initialize\(\)", err)
    status, out, err = run(begin + "intrain.distributed.stay_apart()\n" + train, 2)
    assert status == 0, err
    assert len(out.split()) == 2
    assert len(set(out.split())) == 1


FORK = BEGIN + """
child = os.fork()
if child == 0:
    assert not intrain.distributed.is_initialized()
    try:
        intrain.Trainer("mlp", data="synthetic:64", batch=9, threads=1)
    except intrain.Error as e:
        sys.exit(7 if "forked" in str(e) else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
print("trained", intrain.Trainer("mlp", data="synthetic:64", epochs=1, batch=9, threads=1).fit().signature)
"""


def test_a_process_that_a_rank_forks_is_none(run):
    status, out, err = run(FORK, 2)
    assert status == 0, err
    assert out.count("trained") == 2


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


def test_mpi_that_another_initialized(run):
    train = 'intrain.Trainer("mlp", data="synthetic:64", epochs=1, batch=9, threads=1).fit()\n'
    status, out, err = run(OTHERS_MPI.replace("LEVEL", "3") + BEGIN + train, 2)
    assert status == 0, err
    assert out.count("finalized by its own") == 2
    status, _, err = run(OTHERS_MPI.replace("LEVEL", "2") + BEGIN + train, 2)
    assert status != 0
    assert "MPI cannot start: the process has initialized it without MPI_THREAD_MULTIPLE" in err
