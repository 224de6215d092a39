"""What the benchmarks beside other programs have in common: which Python has PyTorch, and how a run that cannot go on ends."""
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OF_MAKE_PEERS = ROOT / "build/peers-torch/bin/python"
OF_DEBIAN = "/usr/bin/python3"  # with the package python3-torch
# glibc gives large tensors back to the system, whose pages are then made anew in each step. PyTorch's tuning guide advises another allocator
# for that reason; this has glibc's keep them, for the same effect. Elsewhere it changes nothing.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**32), "MALLOC_TRIM_THRESHOLD_": str(2**33), "MALLOC_TOP_PAD_": str(2**26)}


def fail(what, hint):
    print(f"error: {what}\nhint: {hint}", file=sys.stderr)
    sys.exit(2)


def progress(line):
    print(line, file=sys.stderr, flush=True)


def peer_python():
    """The Python that `make peers` sets up if it is there, else Debian's."""
    return str(OF_MAKE_PEERS) if OF_MAKE_PEERS.exists() else OF_DEBIAN


def why_failed(done):
    """Of a program that ended with an error: its error line, or its last one."""
    lines = done.stderr.strip().splitlines() or [f"no message, exit status {done.returncode}"]
    return next((line for line in lines if line.startswith("error: ")), lines[-1]).removeprefix("error: ")


def run(command, env=None):
    """Of a program that may fail: the finished process."""
    try:
        return subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, **(env or {})))
    except OSError as e:
        fail(f"cannot run {command[0]}: {e.strerror}", "--intrain and --python say where the programs are")


def result_of(command, env=None):
    """The JSON object that a program prints."""
    done = run(command, env)
    if done.returncode != 0:
        fail(f"{Path(command[0]).name} failed: {why_failed(done)}", f"run it by itself: {' '.join(command)}")
    return json.loads(done.stdout)


def about_torch(python):
    """PyTorch's version in this Python ("torch"), whether torch.compile works with it ("compiles"), ONNX Runtime's version or None; told
    to the user."""
    done = run([python, str(HERE / "torch_peer.py"), "about"])
    if done.returncode != 0:
        fail(f"{python} has no PyTorch: {why_failed(done)}", "make peers sets one up; --python names another Python")
    about = json.loads(done.stdout)
    progress(f"PyTorch {about['torch']} of {python}" + ("" if about["compiles"] else ", which cannot compile nets: " + about["why_not"]))
    return about


def commit_of_source():
    """Of the checkout that this script is in, with a + if its sources are others than that commit's."""
    git = lambda *command: run(["git", "-C", str(ROOT), *command])
    head = git("rev-parse", "--short=9", "HEAD")
    if head.returncode != 0:
        fail(f"no commit is known: {why_failed(head)}", "--commit says which one the program was built of")
    return head.stdout.strip() + ("+" if git("status", "--porcelain", "--", "src", "cmake", "CMakeLists.txt").stdout else "")
