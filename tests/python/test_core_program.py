"""``python -m intrain`` is the program."""

import re
import signal
import subprocess
import sys
import time


import intrain


def run(*arguments, **options):
    return subprocess.run([sys.executable, "-m", "intrain", *map(str, arguments)], capture_output=True, text=True, **options)


def test_it_says_what_the_program_says(program):
    for arguments in ([], ["train", "--help"], ["nothing"], ["train", "--epochs", "0"]):  # each a start of Python
        ours = run(*arguments)
        theirs = subprocess.run([program, *arguments], capture_output=True, text=True)
        assert (ours.returncode, ours.stdout, ours.stderr) == (theirs.returncode, theirs.stdout, theirs.stderr)
    assert run("--version").stdout == f"intrain {intrain.__version__}\n"


def test_it_trains(tmp_path):
    arguments = ["train", "--data", "synthetic:256", "--model", "mlp", "--epochs", "1", "--batch", "16", "--out", tmp_path / "run"]
    text = run(*arguments).stdout
    signature = re.search(r"^signature: (\w+)$", text, re.M)[1]
    assert signature == intrain.Trainer("mlp", data="synthetic:256", epochs=1, batch=16).fit().signature
    assert run("eval", "--checkpoint", tmp_path / "run/final.ckpt").returncode == 0
    assert run("verify", "--model", "mlp").returncode == 0


def test_ctrl_c_is_the_programs(tmp_path):
    process = subprocess.Popen([sys.executable, "-m", "intrain", "train", "--data", "synthetic:4096", "--model", "resnet8", "--epochs", "1000",
                                "--out", str(tmp_path / "run")], stdout=subprocess.PIPE, text=True)
    while not (tmp_path / "run/metrics.jsonl").exists():
        time.sleep(0.02)
        assert process.poll() is None
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out = process.communicate(timeout=30)[0]
    assert process.returncode == 130 and "continue with: intrain train --resume" in out
    assert intrain.Trainer.resume(tmp_path / "run").steps_done > 0


def test_a_closed_pipe(tmp_path):
    assert subprocess.run(f"{sys.executable} -m intrain train --help | head -n 1 > /dev/null; exit ${{PIPESTATUS[0]}}", shell=True,
                          executable="/bin/bash", stderr=subprocess.PIPE).returncode in (0, 2)


