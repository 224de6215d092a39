#!/usr/bin/env python3
"""Test accuracy of trainings over several seeds, beside the float32 twin in PyTorch.

    accuracy.py --data cifar10:DIR --model resnet20 --epochs 30 [--seeds 0,1,2] [--flags "--set e2=16 ..."] [--twin]
    accuracy.py --show

The first form trains what --json does not hold yet, one training after another, and writes each result there: the accuracy after the last
epoch, images/s (intrain: training alone; the twin: with its evaluations), peak memory, seconds, date and the commit of the sources, by
net, data, epochs, batch, flags and seed. The speeds are of whatever machine it was and whatever else ran: compare.py compares speeds. A
training that was cut off is simply not there; with --runs its run folder is (of the twin, a file), and the next call goes on from it:
memory and seconds are then of the last part. --twin: bench/torch_peer.py instead, with the same net, data, epochs, batch, seed and flags,
of which it knows those that its --help lists. Both forms end with a Markdown table of all that is there: mean and half the range over the
seeds (0, 1, 2 unless it says others) of intrain and of the twin, and intrain's signature of the first seed, by which anyone may check the
run, and the commit that computed it.

The twin needs a Python with PyTorch (--python): that of `make peers` if it is there, else Debian's /usr/bin/python3 with python3-torch.
"""
import argparse
import datetime
import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from peers import HERE, KEEP_MEMORY, ROOT, about_torch, commit_of_source, fail, peer_python


def run(command, env=None):
    """Its output, its peak memory in MiB, its seconds."""
    start = time.time()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        try:
            process = subprocess.Popen(command, stdout=out, stderr=err, env=dict(os.environ, **(env or {})))
        except OSError as e:
            fail(f"cannot run {command[0]}: {e.strerror}", "--intrain and --python say where the programs are")
        _, status, usage = os.wait4(process.pid, 0)
        out.seek(0), err.seek(0)
        if status != 0:
            lines = err.read().strip().splitlines() or ["no message"]
            what = next((line for line in lines if line.startswith("error: ")), lines[-1]).removeprefix("error: ")
            fail(f"{Path(command[0]).name} failed: {what}", f"run it by itself: {shlex.join(command)}")
        return out.read(), round(usage.ru_maxrss / 1024), round(time.time() - start)


def train(args, seed):
    common = ["train", "--data", args.data, "--model", args.model, "--epochs", str(args.epochs), "--batch", str(args.batch),
              "--seed", str(seed), "--threads", str(args.threads), *shlex.split(args.flags)]
    if args.twin:
        state = []
        if args.runs:
            Path(args.runs).mkdir(parents=True, exist_ok=True)
            state = ["--state", str(run_folder(args, common, Path(args.runs)).with_suffix(".pt"))]
        text, memory, seconds = run([args.python, str(HERE / "torch_peer.py"), *common, *state], KEEP_MEMORY)
        found = re.findall(r"test ([0-9.]+) \(([0-9.]+) img/s", text)
        accuracy, rate = float(found[-1][0]), float(found[-1][1])
        signature = None
    else:
        with tempfile.TemporaryDirectory() as folder:
            text, memory, seconds = run([args.intrain, *run_flags(args, common, Path(args.runs or folder))])
        accuracy = float(re.findall(r"^test accuracy: ([0-9.]+)", text, re.M)[-1])
        rates = re.findall(r"([0-9.]+) images/s  test loss", text)
        rate = float(rates[-1]) if rates else None  # None: the run was at its end already
        signature = re.findall(r"^signature: ([0-9a-f]+)", text, re.M)[-1]
    return {"accuracy": accuracy, "images_per_second": rate, "peak_mib": memory, "seconds": seconds, "threads": args.threads,
            "signature": signature, "date": datetime.date.today().isoformat(), "commit": args.commit,
            **({"torch": args.torch} if args.twin else {})}


def run_folder(args, flags, folder):
    """Of a training with these flags, whatever its number of threads."""
    settings = shlex.join(flags[:flags.index("--threads")] + flags[flags.index("--threads") + 2:])
    return folder / f"{Path(args.model).stem}-{args.epochs}-{hashlib.sha256(settings.encode()).hexdigest()[:12]}"


def run_flags(args, flags, folder):
    """Of intrain: a new run in the folder, or the one there of these flags, from its newest checkpoint."""
    of_run = run_folder(args, flags, folder)
    if not list(of_run.glob("*.ckpt")):
        shutil.rmtree(of_run, ignore_errors=True)  # cut off before its first checkpoint
        return [*flags, "--out", str(of_run)]
    return ["train", "--resume", str(of_run), "--data", args.data, "--threads", str(args.threads)]


def data_name(spec):
    """What the data is called: "cifar10" wherever it lies, of photos with the name of their folder: "folder:flowers5"."""
    kind, _, where = spec.partition(":")
    return f"folder:{Path(where.partition(':')[0]).name}" if kind == "folder" else kind


def of_runs(runs):
    """Of one experiment's seeds: their accuracies, and the first one's signature and commit."""
    if not runs:
        return "-", "", ""
    runs = sorted(runs, key=lambda r: r["seed"])
    values = [r["accuracy"] for r in runs]
    seeds = "" if [r["seed"] for r in runs] == list(range(3)) else f"; seed{'s' * (len(runs) > 1)} {', '.join(str(r['seed']) for r in runs)}"
    mean = f"{statistics.mean(values):.2f}"
    text = f"{mean}{seeds}" if len(values) == 1 else \
        f"{mean} ± {(max(values) - min(values)) / 2:.2f} ({', '.join(f'{v:.2f}' for v in values)}{seeds})"
    return text, f"`{runs[0]['signature']}`", runs[0]["commit"] or ""


def table(results):
    groups = {}
    for r in results:
        groups.setdefault((r["model"], r["data"], r["epochs"], r["batch"], r["flags"]), {False: [], True: []})[r["twin"]].append(r)
    lines = ["| net, data, epochs, batch | flags | intrain | float32 twin | signature | commit |", "| --- | --- | --- | --- | --- | --- |"]
    for (model, data, epochs, batch, flags), runs in sorted(groups.items()):
        ours, twin = of_runs(runs[False]), of_runs(runs[True])
        lines.append(f"| `{model}`, {data}, {epochs}, {batch} | {f'`{flags}`' if flags else ''} | {ours[0]} | {twin[0]} | {ours[1]} | {ours[2]} |")
    return "\n".join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--json", default=str(HERE / "results.json"), metavar="FILE", help="results so far, read and written")
    p.add_argument("--show", action="store_true", help="train nothing")
    p.add_argument("--data", default="fashion-mnist", metavar="SPEC")
    p.add_argument("--model", default="resnet8", metavar="NAME")
    p.add_argument("--epochs", type=int, default=3, metavar="N")
    p.add_argument("--batch", type=int, default=128, metavar="N")
    p.add_argument("--seeds", default="0,1,2", metavar="S,S")
    p.add_argument("--flags", default="", metavar="FLAGS", help="more flags, of intrain train or torch_peer.py train; a single one as --flags=--nesterov")
    p.add_argument("--threads", type=int, default=os.cpu_count(), metavar="N")
    p.add_argument("--twin", action="store_true", help="train the float32 twin")
    p.add_argument("--runs", metavar="DIR", help="keep the run folders there, and the twin's states, and go on with what was cut off")
    p.add_argument("--intrain", default=str(ROOT / "build/release/intrain"), metavar="FILE")
    p.add_argument("--commit", metavar="HASH", help="of which intrain was built, if not of this checkout")
    p.add_argument("--python", default=peer_python(), metavar="FILE", help="with PyTorch")
    args = p.parse_args()

    if not args.show:
        args.commit = args.commit or commit_of_source()
    if args.twin and not args.show:
        args.torch = about_torch(args.python)["torch"]
    store = Path(args.json)
    read = lambda: json.loads(store.read_text()) if store.exists() else []
    for seed in [] if args.show else [int(s) for s in args.seeds.split(",")]:
        key = {"model": args.model, "data": data_name(args.data), "epochs": args.epochs, "batch": args.batch, "flags": args.flags.strip(),
               "twin": args.twin, "seed": seed}
        if any(all(r[k] == v for k, v in key.items()) for r in read()):
            continue
        result = train(args, seed)
        who = "float32 twin of " if args.twin else ""
        print(f"{who}{args.model} on {key['data']}, {args.epochs} epochs {args.flags}, seed {seed}: {result['accuracy']:.2f} %",
              file=sys.stderr, flush=True)
        # Read again: trainings may run beside each other.
        with open(store.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            temporary = store.with_suffix(".tmp")
            temporary.write_text(json.dumps([*read(), {**key, **result}], indent=1) + "\n")
            temporary.replace(store)
    print(table(read()))


if __name__ == "__main__":
    main()
