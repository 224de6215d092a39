#!/usr/bin/env python3
"""Training speed and memory of intrain beside PyTorch, measured alternately on this machine.

    compare.py resnet20:128 resnet18:32 [--rounds 3] [--isa avx2] [--torch-batch 64,128] [--json FILE]

A round runs `intrain bench step`, then `torch_peer.py step` in float32 and in bfloat16, in both memory layouts and for each batch of
--torch-batch; all with the same number of threads, each in a process of its own. Medians over the rounds are compared: of PyTorch the
fastest layout and batch of each number format counts, and its memory is that of the batch intrain has, least of both layouts. Prints a
Markdown table; a ratio above 1 is in favour of intrain.

Needs a Python with PyTorch (--python; Debian: python3-torch and /usr/bin/python3).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FORMATS = {"float32": [], "bfloat16": ["--bf16"]}
LAYOUTS = ["channels-last", "contiguous"]


def fail(what, hint):
    print(f"error: {what}\nhint: {hint}", file=sys.stderr)
    sys.exit(2)


def result_of(command, env=None):
    """The JSON object that a command prints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=env)
    except OSError as e:
        fail(f"cannot run {command[0]}: {e.strerror}", "--intrain and --python say where the programs are")
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"no message, exit status {done.returncode}"]
        fail(f"{Path(command[0]).name} failed: {next((l for l in lines if l.startswith('error: ')), lines[-1]).removeprefix('error: ')}",
             f"run it by itself: {' '.join(command)}")
    return json.loads(done.stdout)


def run_intrain(args, model, batch):
    env = dict(os.environ, **({"INTRAIN_ISA": args.isa} if args.isa else {}))
    return result_of([args.intrain, "bench", "step", "--model", model, "--batch", str(batch), "--threads", str(args.threads),
                      "--seconds", str(args.seconds), "--json", "-"], env)


def run_torch(args, model, batch, number_format, layout):
    return result_of([args.python, str(HERE / "torch_peer.py"), "step", "--json", "--model", model, "--batch", str(batch),
                      "--threads", str(args.threads), "--steps", str(args.steps), "--layout", layout, *FORMATS[number_format]])


def measure(args, model, batch):
    """One row: medians over the rounds."""
    torch_batches = sorted({batch, *args.torch_batch})
    settings = [(f, l, b) for f in args.formats for l in LAYOUTS for b in torch_batches]
    ours, theirs = [], {s: [] for s in settings}
    for number in range(1, args.rounds + 1):
        ours.append(run_intrain(args, model, batch))
        progress(f"{model}:{batch} round {number}/{args.rounds}: intrain {ours[-1]['images_per_second']:.1f} images/s")
        for number_format, layout, torch_batch in settings:
            result = run_torch(args, model, torch_batch, number_format, layout)
            theirs[number_format, layout, torch_batch].append(result)
            progress(f"{model}:{batch} round {number}/{args.rounds}: PyTorch {number_format} {layout} batch {torch_batch} "
                     f"{result['images_per_second']:.1f} images/s")

    median = lambda results, key: statistics.median(r[key] for r in results)
    row = {"model": model, "batch": batch, "threads": args.threads, "isa": ours[0]["isa"], "rounds": args.rounds,
           "torch": theirs[settings[0]][0]["torch"], "torch_start_bytes": median(theirs[settings[0]], "start_bytes"),
           "intrain": {key: median(ours, key) for key in ("images_per_second", "peak_bytes", "peak_share")}}
    for number_format in args.formats:
        speeds = {s: median(theirs[s], "images_per_second") for s in settings if s[0] == number_format}
        _, layout, torch_batch = best = max(speeds, key=speeds.get)
        peak_bytes = min(median(theirs[number_format, l, batch], "peak_bytes") for l in LAYOUTS)
        row[number_format] = {"images_per_second": speeds[best], "layout": layout, "batch": torch_batch, "peak_bytes": peak_bytes,
                              "speed_ratio": row["intrain"]["images_per_second"] / speeds[best],
                              "memory_ratio": peak_bytes / row["intrain"]["peak_bytes"],
                              "all": [{"layout": l, "batch": b, "images_per_second": v} for (_, l, b), v in speeds.items()]}
    return row


def table(rows, formats):
    megabytes = lambda n: f"{n / 1e6:,.0f} MB"
    lines = ["| model, batch | intrain | of peak | memory | " + " | ".join(f"PyTorch {f} | ratio | memory ratio" for f in formats) + " |",
             "| --- |" + " --- |" * (3 + 3 * len(formats))]
    for row in rows:
        ours = row["intrain"]
        cells = [f"`{row['model']}`, {row['batch']}", f"{ours['images_per_second']:,.1f} images/s", f"{100 * ours['peak_share']:.0f} %",
                 megabytes(ours["peak_bytes"])]
        for number_format in formats:
            r = row[number_format]
            cells += [f"{r['images_per_second']:,.1f} ({r['layout']}, batch {r['batch']})", f"{r['speed_ratio']:.2f}",
                      f"{r['memory_ratio']:.2f}"]
        lines.append("| " + " | ".join(cells) + " |")
    first = rows[0]
    lines += ["", f"Images a second, medians of {first['rounds']} alternating round{'s' * (first['rounds'] != 1)}, {first['threads']} "
                  f"threads, {first['isa']}, PyTorch {first['torch']}. Ratios: intrain's speed over PyTorch's, peak memory of PyTorch's process, of "
                  f"which {megabytes(first['torch_start_bytes'])} are held before the net is built, over that of intrain's."]
    return "\n".join(lines)


def progress(line):
    print(line, file=sys.stderr, flush=True)


def model_and_batch(text):
    model, _, batch = text.partition(":")
    if not model or not batch.isdigit() or int(batch) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not model:batch, like resnet20:128")
    return model, int(batch)


def batches(text):
    if not all(part.isdigit() and int(part) > 0 for part in text.split(",")):
        raise argparse.ArgumentTypeError(f"'{text}' is no list of batches, like 32,64,128")
    return [int(part) for part in text.split(",")]


def formats(text):
    if not text or any(part not in FORMATS for part in text.split(",")):
        raise argparse.ArgumentTypeError(f"'{text}' is no list of {', '.join(FORMATS)}")
    return text.split(",")


def at_least_one(text):
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from 1")
    return int(text)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("cases", nargs="+", type=model_and_batch, metavar="MODEL:BATCH")
    p.add_argument("--rounds", type=at_least_one, default=3, metavar="R")
    p.add_argument("--threads", type=at_least_one, default=len(os.sched_getaffinity(0)), metavar="N")
    p.add_argument("--seconds", type=float, default=5, help="of a measurement of intrain", metavar="S")
    p.add_argument("--steps", type=at_least_one, default=7, help="of a measurement of PyTorch", metavar="N")
    p.add_argument("--isa", help="sets INTRAIN_ISA", metavar="NAME")
    p.add_argument("--formats", type=formats, default=list(FORMATS), metavar="F,F",
                   help=f"of PyTorch: {','.join(FORMATS)} (a CPU without bfloat16 instructions takes minutes a step for it)")
    p.add_argument("--torch-batch", type=batches, default=[], help="further batches to try with PyTorch", metavar="B,B")
    p.add_argument("--intrain", default=str(HERE.parent / "build/release/intrain"), help="the program", metavar="PATH")
    p.add_argument("--python", default="/usr/bin/python3", help="a Python with PyTorch", metavar="PATH")
    p.add_argument("--json", help="write all results here too", metavar="FILE")
    args = p.parse_args()
    rows = []
    try:
        for model, batch in args.cases:
            rows.append(measure(args, model, batch))
            if args.json:
                Path(args.json).write_text(json.dumps(rows, indent=2) + "\n")
    except OSError as e:
        fail(f"cannot write {args.json}: {e.strerror}", "name a file that can be written with --json")
    finally:  # what there is, should a later case fail
        if rows:
            print(table(rows, args.formats))


if __name__ == "__main__":
    main()
