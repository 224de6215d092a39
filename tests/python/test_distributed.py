"""Ranks in Python: `tools/test.sh ranks` runs this. Each test starts a program on ranks: few and short ones, for a Python costs 0.3 s to start."""

import ast
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

# With a name that is not UTF-8, as of a file. The others have no more to do together.
ENDS = """
if rank == 1:
    raise RuntimeError("no more of \\udcff")
"""


def test_the_bits_are_those_of_one_process(run, tmp_path, monkeypatch):
    """Also where a callback on one rank stops all. An exception that then ends one ends all."""
    monkeypatch.chdir(tmp_path)
    exec("import intrain\nrank, ranks = 0, 1\n" + TRAININGS, {})
    whole = (tmp_path / "said0.txt").read_text()
    assert whole.endswith(" [1, 2, 3]]")
    files = {f: (tmp_path / f).read_bytes() for f in ("run/final.ckpt", "best.ckpt")}
    shutil.rmtree(tmp_path / "run")
    status, out, err = run(BEGIN + GUESTS + TRAININGS + ENDS, 3)
    assert status != 0
    assert err.count("RuntimeError: no more of \\udcff") == 1, err
    assert re.search(r"^rank 1 on .*:\nTraceback", err, re.M)
    assert [(tmp_path / f"said{r}.txt").read_text() == whole for r in range(3)] == [True] * 3
    assert all((tmp_path / f).read_bytes() == files[f] for f in files)
    assert (out + err).count("epoch 2: ") == 1  # rank 0's


# said: what each call raised.
SAYS = """
import atexit
said = []
def says(what):
    try:
        said.append(what())
    except Exception as e:
        said.append(f"{type(e).__name__}: {e}")
atexit.register(lambda: open(f"said{rank}.txt", "w").write(repr(said)))
"""

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


# A last step of fewer images than there are ranks is refused before the first.
PIECES = SAYS + """
rank = distributed.rank()
X, y = data.train.images, data.train.labels
online = intrain.Classifier("mlp", batch_size=8, n_jobs=1)
for images in (17, 16, 25, 18):
    says(lambda: online.partial_fit(X[:images], y[:images], classes=range(10)) and online.signature_)
    said.append(getattr(online, "signature_", None))
"""


def test_the_page(run, tmp_path):
    """The program in docs/ranks.md prints one signature on 2 ranks, that of one process; also where another has initialized MPI."""
    if importlib.util.find_spec("sklearn") is None:
        pytest.skip("there is no scikit-learn")
    page = re.search(r"^    # train\.py\n(?:    .*\n|\n)*", (ROOT / "docs/ranks.md").read_text(), re.M)[0]
    program = re.sub("^    ", "", page, flags=re.M)
    data = intrain.load_data(re.search(r'load_data\("(.*)"\)', program)[1])
    alone = intrain.Trainer("resnet8", data=intrain.Data(data.train.images, data.train.labels, classes=data.classes), epochs=1, batch=32).fit()
    status, out, err = run(OTHERS_MPI.replace("LEVEL", "3") + program + PIECES, 2)
    assert status == 0, err
    pieces = re.findall(f"{alone.signature}|finalized by its own", out)  # mpirun may end the line of one rank after another's
    assert sorted(pieces) == [alone.signature, "finalized by its own", "finalized by its own"], out
    assert "".join(pieces) == out.replace("\n", "")
    said = [ast.literal_eval((tmp_path / f"said{rank}.txt").read_text()) for rank in range(2)]
    assert said[0] == said[1]
    few, none, learned, signature, few_again, same, more, other = said[0]
    assert few.startswith("DataError: 17 images in steps of 8 leave 1 to the last, for 2 ranks\nhint: give some more or fewer")
    assert few_again.startswith("DataError: 25 images in steps of 8 leave 1 to the last")
    assert none is None
    assert learned == signature == same != more == other


# What puts a hook of its own in place of Python's, as rich does, on a rank whose output is closed; others wait for it.
HOOKED = BEGIN + """
import sys
class Unsayable(Exception):
    def __str__(self):
        raise ValueError("no words")
data = intrain.load_data("synthetic:64")
def on_epoch(trainer, epoch):
    if rank == 1 and epoch.epoch == 3:
        sys.stdout.close()
        raise Unsayable
sys.excepthook = lambda kind, error, trace: print("hook:", kind.__name__, file=sys.stderr)
intrain.Trainer("mlp", data=data, epochs=400, batch=32, threads=1).fit(callbacks=on_epoch)
try:
    intrain.Trainer("mlp", data=data, epochs=1, batch=32, threads=1)
except intrain.Error as e:
    open("caught.txt", "w").write(type(e).__name__)
    raise
"""


def test_an_exception_ends_all_past_a_replaced_hook(run, tmp_path, monkeypatch):
    """What the other ranks get is no error of settings or data, which a program may go on after."""
    monkeypatch.setenv("INTRAIN_RANKS_PATIENCE", "10")
    status, _, err = run(HOOKED, 2)
    assert status != 0
    assert err.count("hook: Unsayable") == 1
    assert "no sign of life" not in err
    assert (tmp_path / "caught.txt").read_text() == "Error"


REFUSALS = BEGIN + SAYS + """
data = intrain.load_data("synthetic:64")
X, y = data.train.images, data.train.labels
says(intrain.distributed.stay_apart)
says(lambda: intrain.Trainer("mlp", data=data, batch=9, seed=rank, threads=1))
trainer = intrain.Trainer("mlp", data=data, epochs=1, batch=9, threads=1)
mine, theirs = X[rank : rank + 8], y[rank : rank + 8]
says(lambda: trainer.step(mine, y[:8]))
says(lambda: trainer.step(X[:8], y[:8] if rank else (y[:8] + 1) % 10))
says(lambda: trainer.evaluate(intrain.Data(mine, theirs, classes=10).train))
says(lambda: trainer.predict(X[: 8 + rank]))
says(lambda: trainer.fit(callbacks=lambda t, e: says(lambda: t.predict(mine))).signature)
intrain.Trainer("mlp", data=data, batch=1, threads=1).fit()
"""


def test_what_is_not_the_same_is_refused(run, tmp_path):
    """Each time on all ranks, which go on together; an error of all that ends them is told once."""
    status, out, err = run(REFUSALS, 2)
    assert status != 0
    assert err.count("batches of 1 images for 2 ranks") == 1
    said = [ast.literal_eval((tmp_path / f"said{rank}.txt").read_text()) for rank in range(2)]
    assert said[0] == said[1]
    apart, settings, *images = said[0][:7]
    assert apart.startswith("Error: this process is a rank")
    assert re.match("ConfigError: the settings of rank 0 on .* and those of rank 1 on .* are not the same", settings)
    for error in images:
        assert re.match("DataError: the images and labels of rank 0 on .* and those of rank 1 on .* are not the same", error)
    assert re.fullmatch("[0-9a-f]{16}", said[0][7])  # of what goes on


APART = OTHERS_MPI.replace("LEVEL", "2") + SAYS + """
import os
import intrain
rank = os.environ["OMPI_COMM_WORLD_RANK"]
def train():
    said.append(intrain.Trainer("mlp", data="synthetic:64", epochs=1, batch=9, threads=1).fit().signature)
says(train)
says(intrain.distributed.initialize)
assert not intrain.distributed.is_initialized()
intrain.distributed.stay_apart()
train()
says(intrain.distributed.initialize)
"""


def test_processes_that_are_no_ranks(run, tmp_path):
    """Refused unless they are to stay apart. MPI that another has initialized needs all threads."""
    status, _, err = run(APART, 2)
    assert status == 0, err
    said = [ast.literal_eval((tmp_path / f"said{rank}.txt").read_text()) for rank in range(2)]
    assert said[0] == said[1]
    refused, no_threads, signature, joined = said[0]
    assert re.match("Error: mpirun started several processes, .*\nhint: call intrain\\.distributed\\.initialize\\(\\)", refused)
    assert re.match("Error: MPI cannot start: the process has initialized it without MPI_THREAD_MULTIPLE\nhint: leave mpi4py", no_threads)
    assert re.fullmatch("[0-9a-f]{16}", signature)
    assert joined.startswith("Error: this process is to stay apart")
