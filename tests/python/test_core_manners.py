"""What a guest in somebody else's process owes: Ctrl-C, threads, forks, memory, silence."""

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import intrain


def run_python(text, **environment):
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env={**os.environ, **environment})


INTERRUPTED = """
import os, signal, sys, threading, time
import numpy as np, intrain
rng = np.random.default_rng(0)
X, y = rng.integers(0, 256, (8192, 16, 16, 3), dtype=np.uint8), rng.integers(0, 10, 8192)
trainer = intrain.Trainer("resnet8", data=intrain.Data(X, y, X, y), epochs=1000, batch=32, threads=1)
sent = []
class Send(intrain.Callback):
    every_step = True
    def {event}(self, trainer, report):
        if not sent:
            sent.append(None)
            threading.Timer({delay}, lambda: (sent.append(time.monotonic()), os.kill(os.getpid(), signal.SIGINT))).start()
try:
    trainer.fit(callbacks=Send())
except KeyboardInterrupt:
    late = time.monotonic() - sent[-1]
    done = trainer.steps_done
    state = trainer.state()
    again = intrain.Trainer.resume(state, trainer.data)
    assert again.steps_done == done and again.signature == trainer.signature
    trainer.step(X[:4], y[:4])
    print("ended", late < 1, done > 0)
"""


@pytest.mark.parametrize("event, delay", [("on_step_end", 0.3), ("on_epoch_end", 0.0), ("on_epoch_end", 0.3)])
def test_ctrl_c_ends_after_the_running_step(event, delay):
    """Also while it evaluates, between epochs."""
    text = INTERRUPTED.format(event=event, delay=delay)
    if event == "on_epoch_end":
        text = text.replace("batch=32", "batch=256")
    done = run_python(text)
    assert done.stdout == "ended True True\n", done.stdout + done.stderr


def test_ctrl_c_saves_the_run_folder(tmp_path):
    text = INTERRUPTED.format(event="on_step_end", delay=0.2).replace("threads=1", f"threads=1, out={str(tmp_path / 'run')!r}").replace(
        "    trainer.step", "    assert intrain.Trainer.resume(trainer.folder, trainer.data).signature == trainer.signature\n    trainer.step")
    done = run_python(text)
    assert done.stdout == "ended True True\n", done.stdout + done.stderr


IMPORTED = """
import os, signal, threading, time
import numpy as np, intrain
rng = np.random.default_rng(0)
sizes = [144, 200, 100, 50, 10]
tensors = {}
for i in range(4):
    tensors[f"{2 * i + 1}.weight"] = rng.normal(0, (2 / sizes[i]) ** 0.5, (sizes[i + 1], sizes[i])).astype(np.float32)
    tensors[f"{2 * i + 1}.bias"] = np.zeros(sizes[i + 1], np.float32)
X = rng.integers(0, 256, (300000, 12, 12), dtype=np.uint8)
data = intrain.Data(X, np.arange(len(X)) % 10)
def send():
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
sent = []
threading.Timer(0.5, send).start()
try:
    intrain.from_torch(tensors, data, model="mlp", calibrate=len(X), n_jobs=1)
except KeyboardInterrupt:
    print("ended", time.monotonic() - sent[0] < 1)
"""


def test_ctrl_c_ends_an_import():
    done = run_python(IMPORTED)
    assert done.stdout == "ended True\n", done.stdout + done.stderr


WAITING = """
import threading, time
import numpy as np, intrain
rng = np.random.default_rng(0)
X, y = rng.integers(0, 256, (4096, 16, 16, 3), dtype=np.uint8), rng.integers(0, 10, 4096)
trainer = intrain.Trainer("resnet8", data=intrain.Data(X, y), epochs=2, batch=32, threads=1)
def waits():
    text = open(f"/proc/self/task/{threading.get_native_id()}/status").read()
    return int(text.split("\\nvoluntary_ctxt_switches:")[1].split()[0])
before, begin = waits(), time.monotonic()
steps = trainer.fit().step
print(waits() - before, time.monotonic() - begin, steps)
"""


def test_the_waiting_thread_leaves_the_cores_alone():
    """It wakes for an epoch, and twice a second for signals: not for steps to which nobody listens."""
    done = run_python(WAITING)
    wakes, seconds, steps = map(float, done.stdout.split())
    assert steps == 256 and wakes < 12 + 3 * seconds, done.stdout


def test_a_callback_that_raises(data):
    class Wrong(Exception):
        pass

    def wrong(trainer, epoch):
        raise Wrong("here")

    trainer = intrain.Trainer("mlp", data=data, epochs=4, batch=16, lr=0.05)
    with pytest.raises(Wrong, match="here"):
        trainer.fit(callbacks=wrong)
    assert trainer.steps_done == 16
    assert trainer.fit().signature == intrain.Trainer("mlp", data=data, epochs=4, batch=16, lr=0.05).fit().signature


def test_callbacks(data):
    told = []

    class All(intrain.Callback):
        every_step = True

        def on_train_begin(self, trainer, plan):
            told.append(("begin", plan.total_steps, threading.current_thread() is threading.main_thread()))

        def on_step_end(self, trainer, step):
            told.append(("step", step.step))

        def on_epoch_end(self, trainer, epoch):
            told.append(("epoch", epoch.epoch, trainer.evaluate(data.test).accuracy == epoch.test_accuracy))
            assert trainer.net.step == epoch.step and len(trainer.predict(data.test.images)) == len(data.test)
            for changes in (lambda: trainer.fit(), lambda: trainer.step(data.train.images[:4], data.train.labels[:4])):
                with pytest.raises(intrain.BusyError):
                    changes()

        def on_train_end(self, trainer, history):
            told.append(("end", history.signature))

    trainer = intrain.Trainer("mlp", data=data, epochs=2, batch=128, lr=0.05)
    history = trainer.fit(callbacks=[All(), lambda t, e: None])
    assert told == [("begin", 4, True), ("step", 1), ("step", 2), ("epoch", 1, True), ("step", 3), ("step", 4), ("epoch", 2, True),
                    ("end", history.signature)]
    assert history.signature == intrain.Trainer("mlp", data=data, epochs=2, batch=128, lr=0.05).fit().signature
    assert history.history["epoch"] == [1, 2] and len(history.step_losses) == 4


def test_who_is_told_of_steps():
    class Each(intrain.Callback):
        every_step = True

        def on_step_end(self, trainer, step): ...

    class Some(intrain.Callback):
        def on_step_end(self, trainer, step): ...

    some = intrain.Callback()
    some.on_step_end = lambda trainer, step: None
    of = intrain.callbacks.step_seconds
    assert of([]) is of([intrain.Callback(), intrain.EarlyStopping()]) is None
    assert of([Some()]) == of([some]) == of([intrain.Progress()]) == 0.1 and of([Some(), Each()]) == 0


def test_ranks_are_told_of_the_same_steps(monkeypatch):
    """Unless a method that asks the others nothing is told alone."""
    class Asking(intrain.Progress):
        def on_step_end(self, trainer, step):
            trainer.evaluate(step)

    class Named(intrain.Progress): ...

    monkeypatch.setattr(intrain.distributed, "ranks", lambda: 2)
    of = intrain.callbacks.step_seconds
    assert of([intrain.Progress()]) == of([Named()]) == 0.1
    assert of([Asking()]) == of([intrain.Progress(), Asking()]) == 0


def test_nothing_to_evaluate_on(arrays, data, tmp_path):
    """The same training, and nobody is told of an accuracy that there is not."""
    alone = intrain.Data(*arrays[:2], classes=data.classes, mirror=data.splits.mirror)
    assert not alone.has_validation and len(alone.test) == 0 and alone.test.shape == alone.shape
    settings = {"epochs": 2, "batch": 16, "lr": 0.05}
    told = []
    trainer = intrain.Trainer("mlp", data=alone, **settings)
    history = trainer.fit(callbacks=[lambda trainer, epoch: told.append(epoch), intrain.Checkpoint(tmp_path / "net.ckpt")])
    assert history.signature == intrain.Trainer("mlp", data=data, **settings).fit().signature
    assert "val_accuracy" not in history and history.test is None and (tmp_path / "net.ckpt").exists()
    assert all(np.isnan(epoch.test_loss) and np.isnan(epoch.test_accuracy) and not epoch.best for epoch in told) and len(told) == 2
    assert intrain.Trainer.resume(trainer.state(), alone).signature == history.signature
    for callback in (intrain.EarlyStopping(), intrain.Checkpoint(tmp_path / "best.ckpt", best_only=True)):
        with pytest.raises(intrain.ConfigError, match="nothing to evaluate on\nhint: give validation data"):
            intrain.Trainer("mlp", data=alone, **settings).fit(callbacks=callback)
    with pytest.raises(intrain.ConfigError, match="nothing to evaluate on"):
        intrain.Trainer("mlp", data=alone, patience=1, **settings)
    with pytest.raises(intrain.ConfigError, match="a run folder"):
        intrain.Trainer("mlp", data=alone, out=tmp_path / "run", **settings)
    assert not (tmp_path / "best.ckpt").exists() and not (tmp_path / "run").exists()


def test_early_stopping(data, tmp_path):
    trainer = intrain.Trainer("mlp", data=data, epochs=50, batch=16, lr=1e-9)
    history = trainer.fit(callbacks=[intrain.EarlyStopping(2), intrain.Checkpoint(tmp_path / "best.ckpt", best_only=True)])
    assert history.stopped and 3 <= len(history.history["epoch"]) < 50
    assert intrain.Net.load(tmp_path / "best.ckpt").has_numbers


def test_two_trainers_in_two_threads(data):
    def train(seed):
        return intrain.Trainer("resnet8", data=data, epochs=2, batch=16, seed=seed, threads=2).fit().signature

    expected = [train(0), train(1)]
    got = [None, None]
    threads = [threading.Thread(target=lambda i=i: got.__setitem__(i, train(i))) for i in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert got == expected


def test_one_trainer_in_two_threads(data):
    trainer = intrain.Trainer("resnet8", data=data, epochs=20, batch=16)
    errors = []

    def other():
        for use in (trainer.fit, trainer.state, lambda: trainer.predict(data.test.images)):
            try:
                use()
            except intrain.BusyError as e:
                errors.append(e)

    class Start(intrain.Callback):
        def on_train_begin(self, *_):
            self.thread = threading.Thread(target=other)
            self.thread.start()

        def on_epoch_end(self, *_):
            self.thread.join()
            return True

    trainer.fit(callbacks=Start())
    assert len(errors) == 3 and trainer.state()


def test_the_gil_is_free_meanwhile(data):
    counted = [0]
    ended = threading.Event()

    def count():
        while not ended.wait(0.001):
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    start = time.monotonic()
    intrain.Trainer("resnet8", data=data, epochs=8, batch=64, threads=1).fit()
    seconds = time.monotonic() - start
    ended.set()
    thread.join()
    assert counted[0] > 20 * seconds


def child(queue, trainer, images):
    queue.put((trainer.predict(images, "integers"), intrain.Trainer("mlp", data=trainer.data, epochs=1, batch=16).fit().signature))


def test_forks(data):
    """What was made before serves in the child, with threads of its own, and both processes end."""
    trainer = intrain.Trainer("resnet8", data=data, epochs=1, batch=16, threads=2)
    trainer.fit()
    expected = trainer.predict(data.test.images, "integers"), intrain.Trainer("mlp", data=data, epochs=1, batch=16).fit().signature
    fork = multiprocessing.get_context("fork")
    for _ in range(2):
        queue = fork.Queue()
        process = fork.Process(target=child, args=(queue, trainer, data.test.images))
        process.start()
        logits, signature = queue.get(timeout=60)
        process.join(60)
        assert process.exitcode == 0
        np.testing.assert_array_equal(logits, expected[0])
        assert signature == expected[1]
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        del trainer
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    np.testing.assert_array_equal(trainer.predict(data.test.images, "integers"), expected[0])


LEAK = """
import gc
import numpy as np, intrain
rng = np.random.default_rng(0)
def resident():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * 4096
def once():
    X, y = rng.integers(0, 256, (256, 16, 16, 3), dtype=np.uint8), rng.integers(0, 10, 256)
    trainer = intrain.Trainer("resnet8", data=intrain.Data(X, y, X[:64], y[:64]), epochs=1, batch=64, threads=2)
    trainer.fit(callbacks=lambda trainer, epoch: trainer.parameters)
    net = trainer.net
    net.predict(X[:64])
    try:
        intrain.Trainer("resnet8", batch=0)
    except intrain.Error:
        pass
for _ in range(10):
    once()
before = resident()
for _ in range(50):
    once()
print(resident() - before)
"""


def test_fifty_fits_leak_nothing():
    done = run_python(LEAK)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 4 << 20  # one of their data sets takes 0.2 MB, one net 3 MB


def test_threads(monkeypatch):
    cores = len(os.sched_getaffinity(0))
    assert 1 <= intrain.default_threads() <= cores
    monkeypatch.setenv("INTRAIN_NUM_THREADS", "1")
    assert intrain.default_threads() == 1
    with pytest.warns(UserWarning, match=f"{cores + 8} threads were asked for, but 1 will compute"):
        assert intrain.Trainer("mlp", threads=cores + 8).settings["threads"] == 1
    for wrong in ("0", "two", "1.5", "-1"):
        monkeypatch.setenv("INTRAIN_NUM_THREADS", wrong)
        with pytest.raises(intrain.ConfigError, match="INTRAIN_NUM_THREADS"):
            intrain.default_threads()


def test_an_instruction_set_that_is_not_there():
    done = run_python("import intrain\ntry: intrain.instruction_set()\nexcept intrain.ConfigError as e: print(e.hint)", INTRAIN_ISA="avx1024")
    assert "scalar" in done.stdout, done.stderr
    assert run_python("import intrain; print(intrain.instruction_set())", INTRAIN_ISA="scalar").stdout == "scalar\n"


def test_silence_and_logging(data, capfd, caplog):
    intrain.Trainer("mlp", data=data, epochs=1, batch=16).fit()
    assert capfd.readouterr() == ("", "")
    with caplog.at_level(logging.INFO, "intrain"):
        intrain.Trainer("mlp", data=data, epochs=2, batch=16).fit()
    assert [r.getMessage().split(":")[0] for r in caplog.records[1:]] == ["epoch 1", "epoch 2"]


def test_verbose_shows_a_line_an_epoch(data, capsys):
    intrain.Trainer("mlp", data=data, epochs=2, batch=16).fit(verbose=1)
    out, err = capsys.readouterr()
    assert "epoch 2" in out + err


def test_importing_takes_numpy_alone():
    done = run_python("import sys, intrain; print([m for m in ('sklearn', 'torch', 'matplotlib', 'tqdm', 'pandas', 'scipy') if m in sys.modules])")
    assert done.stdout == "[]\n", done.stderr


def test_no_folder_unless_asked(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trainer = intrain.Trainer("mlp", data=data, epochs=1, batch=16)
    trainer.fit()
    assert trainer.folder == "" and not list(tmp_path.iterdir())
    trainer = intrain.Trainer("mlp", data=data, epochs=1, batch=16, out="")
    trainer.fit()
    assert trainer.folder == "runs/arrays-mlp-1" and (tmp_path / trainer.folder / "final.ckpt").exists()
