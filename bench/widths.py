#!/usr/bin/env python3
"""How few bits each kind of number needs: trains one net again and again, with one width at a time below the rest.

    widths.py [--data fashion-mnist] [--model resnet8] [--epochs 2] [--seeds 0,1,2] [--keys w,a,g,e1,e2,x_hat] [--bits 8,7,6,5,4]
              [--base e1=8 x_hat=8] [--also round_e=nearest e1=8,e2=8,round_e=nearest] [--threads N] [--table FILE] [--png FILE] [--json FILE]

Prints a Markdown table of the test accuracies of the last epoch, mean and half the range over the seeds; runs done before (--json, read
first and written after each run) are not done again. --png draws the table (needs Matplotlib: python3-matplotlib).
`intrain train --help` says what the keys mean.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from accuracy import data_name

ROOT = Path(__file__).resolve().parent.parent
DEFAULTS = {"w": 8, "a": 8, "g": 8, "e1": 16, "e2": 8, "x_hat": 16, "gamma": 8, "beta": 8, "mu": 32, "sigma": 32, "momentum": 16, "rate": 10,
            "w_stored": 32}


def fail(what, hint):
    print(f"error: {what}\nhint: {hint}", file=sys.stderr)
    sys.exit(2)


def train(args, settings, seed):
    """Test accuracy of the last epoch, in percent."""
    with tempfile.TemporaryDirectory() as folder:
        command = [args.intrain, "train", "--data", args.data, "--model", args.model, "--epochs", str(args.epochs), "--seed", str(seed),
                   "--threads", str(args.threads), "--out", f"{folder}/run"]
        for setting in [*args.base, *settings]:
            command += ["--set", setting]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except OSError as e:
            fail(f"cannot run {args.intrain}: {e.strerror}", "build it with 'make release', or say where it is with --intrain")
        if done.returncode != 0:
            fail((done.stderr.strip().splitlines() or ["no message"])[0].removeprefix("error: "), f"run it by itself: {' '.join(command)}")
    line = next(l for l in done.stdout.splitlines() if l.startswith("test accuracy: "))
    return float(line.split()[2])


def text_of(values):
    mean = statistics.mean(values)
    return f"{mean:.2f}" if len(values) == 1 else f"{mean:.2f} ± {(max(values) - min(values)) / 2:.2f}"


def draw(args, bits, rows):
    """A line a key: means over the seeds, with bars from the least to the greatest."""
    try:
        import matplotlib
    except ModuleNotFoundError:
        fail("--png needs Matplotlib", "install python3-matplotlib, and run it with the Python that has it, /usr/bin/python3")
    matplotlib.use("Agg")
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(figsize=(8, 4.5), dpi=120)
    for i, (key, cells) in enumerate(rows.items()):
        means = [statistics.mean(c) for c in cells]
        around = [[m - min(c) for m, c in zip(means, cells)], [max(c) - m for m, c in zip(means, cells)]]
        axes.errorbar([b + 0.06 * (i - len(rows) / 2) for b in bits], means, around, marker="o", capsize=2, label=key)
    axes.set_xticks(bits)
    axes.invert_xaxis()
    axes.set_xlabel("bits of one kind of number, the others as they are")
    axes.set_ylabel("test accuracy, %")
    axes.set_title(f"{args.model} on {data_name(args.data)}, {args.epochs} epochs")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(args.png)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", default="fashion-mnist", metavar="SPEC")
    p.add_argument("--model", default="resnet8", metavar="NAME")
    p.add_argument("--epochs", type=int, default=2, metavar="N")
    p.add_argument("--seeds", default="0,1,2", metavar="S,S")
    p.add_argument("--keys", default="w,a,g,e1,e2,x_hat", metavar="K,K")
    p.add_argument("--bits", default="8,7,6,5,4", metavar="B,B")
    p.add_argument("--base", nargs="*", default=[], metavar="K=V", help="settings of all runs")
    p.add_argument("--also", nargs="*", default=[], metavar="K=V,K=V", help="more settings, each a row of its own")
    p.add_argument("--threads", type=int, default=os.cpu_count(), metavar="N")
    p.add_argument("--intrain", default=str(ROOT / "build/release/intrain"), metavar="FILE")
    p.add_argument("--json", metavar="FILE", help="results so far, read and written")
    p.add_argument("--table", metavar="FILE", help="write the table here too")
    p.add_argument("--png", metavar="FILE", help="draw it here")
    args = p.parse_args()

    seeds = [int(s) for s in args.seeds.split(",")]
    bits = [int(b) for b in args.bits.split(",")]
    store = Path(args.json) if args.json else None
    results = json.loads(store.read_text()) if store and store.exists() else {}
    standing = DEFAULTS | {key: int(value) for key, _, value in (s.partition("=") for s in args.base) if value.isdigit()}
    narrowed = lambda key, b: [] if standing.get(key) == b else [f"{key}={b}"]

    def runs(settings):
        values = []
        for seed in seeds:
            key = " ".join([data_name(args.data), args.model, f"epochs={args.epochs}", f"seed={seed}", *args.base, *settings])
            if key not in results:
                results[key] = train(args, settings, seed)
                print(f"{key}: {results[key]:.2f} %", file=sys.stderr)
                if store:
                    store.write_text(json.dumps(results, indent=1))
            values.append(results[key])
        return values

    def accuracies(settings):
        return text_of(runs(settings))

    lines = [f"nothing narrowed: {accuracies([])}", "",
             "| | " + " | ".join(f"{b} bits" for b in bits) + " |", "| --- |" + " --- |" * len(bits)]
    for key in args.keys.split(","):
        lines.append(f"| {key} | " + " | ".join(accuracies(narrowed(key, b)) for b in bits) + " |")
    if args.also:
        lines += ["", "| | test accuracy, % |", "| --- | --- |"]
        lines += [f"| {row} | {accuracies(row.split(','))} |" for row in args.also]
    table = "\n".join(lines)
    print(table)
    if args.table:
        Path(args.table).write_text(table + "\n")
    if args.png:
        draw(args, bits, {key: [runs(narrowed(key, b)) for b in bits] for key in args.keys.split(",")})


if __name__ == "__main__":
    main()
