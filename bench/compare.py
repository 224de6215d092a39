#!/usr/bin/env python3
"""Speed and memory of intrain beside PyTorch and ONNX Runtime, measured alternately on this machine.

    compare.py resnet20:128 resnet18:32 infer:resnet20:1 [--rounds 3] [--isa avx2] [--torch-batch 64,128] [--save]
    compare.py --show training|latency

MODEL:BATCH measures training steps, infer:MODEL:BATCH evaluations. First PyTorch runs shortly in each of its forms: float32, and bfloat16
where the CPU has instructions for it; NHWC and NCHW; eager and by torch.compile, where that works; with memory given back to the system by
glibc's defaults and kept (peers.KEEP_MEMORY); each batch of --torch-batch. A round is
then `intrain bench step` (or infer), and `torch_peer.py` in the two fastest forms of each number format, one after another, all with the same
number of threads, each in a process of its own, compiling not counted. Of evaluations, ONNX Runtime runs the net's model of 8 bits
(`intrain export --qdq`), too. Medians over the rounds are compared: of PyTorch the fastest form counts, and the least memory that any form
took with intrain's batch. Prints Markdown tables; a ratio above 1 is in favour of intrain.

--save puts the rows into bench/speeds.json in place of those of the same CPU, net, batch, instruction set and --recompute. --show prints what that file
holds: the table of training, which README.md has, or that of latencies (evaluations, and training with smaller batches), of
docs/performance.md.

`make peers` sets up the newest PyTorch and ONNX Runtime, of which they are taken if they are there, else from Debian's /usr/bin/python3.
"""
import argparse
import collections
import datetime
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import speed_tables
import speeds
from peers import HERE, KEEP_MEMORY, ROOT, about_torch, commit_of_source, fail, peer_python, progress, result_of, run, why_failed

LAYOUTS = ["channels-last", "contiguous"]
KEPT = 2  # forms of each number format that the rounds measure: a short trial may be wrong by a little
TRIAL = ["--steps", "3", "--seconds", "0.5"]
BUSY_SHARE = 0.05  # of the CPU time, by other programs: more is told
Case = collections.namedtuple("Case", "task model batch image classes", defaults=[None, None])
Form = collections.namedtuple("Form", "number_format layout compiled keeps_memory batch")


def name_of(form):
    said = [form.layout, *["compiled"] * form.compiled, *["memory kept"] * form.keeps_memory, f"batch {form.batch}"]
    return f"PyTorch {form.number_format}, {', '.join(said)}"


def run_intrain(args, case, *flags):
    return result_of([args.intrain, "bench", case.task, "--model", case.model, "--batch", str(case.batch), "--threads", str(args.threads),
                      *flags, "--json", "-"], {"INTRAIN_ISA": args.isa} if args.isa else {})


def with_shapes(args, case):
    """The case with the size of the images that intrain has the net for, in colour, and its number of classes: for all sides the same."""
    result = run_intrain(args, case._replace(batch=1), "--steps", "1")
    return case._replace(image="{}x{}x3".format(*result["image"]), classes=result["classes"])


def torch_command(args, case, form):
    flags = ["--bf16"] * (form.number_format == "bfloat16") + ["--compile"] * form.compiled
    return [args.python, str(HERE / "torch_peer.py"), case.task, "--json", "--model", case.model, "--batch", str(form.batch), "--threads",
            str(args.threads), "--layout", form.layout, "--image", case.image, "--classes", str(case.classes), *flags]


def torch_env(args, form):
    """What torch.compile made is kept: it compiles for up to minutes. Where intrain is held to an instruction set, PyTorch is, too."""
    best = next(isa for name, _, isa in speeds.KINDS if name == args.kind)
    held = speeds.TORCH_HELD.get(args.isa, {}) if args.isa != best else {}
    return {"TORCHINDUCTOR_CACHE_DIR": str(ROOT / "build/peers-compiled"), **held, **(KEEP_MEMORY if form.keeps_memory else {})}


def try_forms(args, case):
    """Results of all of PyTorch's forms, in short runs: {form: result}. A form that cannot be compiled is told and left out."""
    batches = sorted({case.batch, *(args.torch_batch if case.task == "step" else [])})
    results = {}
    ways = itertools.product(args.formats, LAYOUTS, [False, True] if args.compiles else [False], [False, True], batches)
    for form in (Form(*way) for way in ways):
        command = [*torch_command(args, case, form), *TRIAL]
        if not form.compiled:
            results[form] = result_of(command, torch_env(args, form))
        else:
            done = run(command, torch_env(args, form))
            if done.returncode != 0:
                progress(f"{name_of(form)} is left out: {why_failed(done)}")
                continue
            results[form] = json.loads(done.stdout)
        result = results[form]
        progress(f"{case.task} {case.model}:{case.batch}, tried {name_of(form)}: {result['images_per_second']:.1f} images/s, "
                 f"{result['warmup_steps']} steps to warm up, {result['warmup_seconds']:.0f} s")
    return results


def fastest(results, number_format, count):
    forms = [form for form in results if form.number_format == number_format]
    return sorted(forms, key=lambda form: results[form]["images_per_second"], reverse=True)[:count]


def make_model(args, case, folder):
    """The net's ONNX model of 8 bits, after a training of two steps on random images."""
    run_folder, model, side = f"{folder}/run", f"{folder}/model.onnx", case.image.split("x")[0]
    for command in (["train", "--data", f"synthetic:4:{side}", "--model", case.model, "--batch", "2", "--epochs", "1", "--out", run_folder],
                    ["export", "--checkpoint", f"{run_folder}/final.ckpt", "--onnx", model, "--qdq"]):
        done = run([args.intrain, *command])
        if done.returncode != 0:
            fail(f"intrain {command[0]} failed: {why_failed(done)}", "leave out infer: of this net, or --python one without ONNX Runtime")
    return model


def cpu_seconds():
    """Of all programs, and of those that this one has run; the clock."""
    jiffies = [int(v) for v in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    ours = os.times()
    busy = sum(jiffies) - jiffies[3] - jiffies[4]  # idle, and waiting for a disk
    return busy / os.sysconf("SC_CLK_TCK"), sum(ours[:4]), time.monotonic()  # ours.elapsed moves by a hundredth of a second


def others_share(before):
    """The share of the CPU time that other programs, and other machines of the host, took since `before`."""
    busy, ours, elapsed = (b - a for a, b in zip(before, cpu_seconds()))
    return max(0.0, busy - ours) / (elapsed * os.cpu_count())


def speed_of(results):
    values = [r["images_per_second"] for r in results]
    return {"images_per_second": statistics.median(values), "spread": [min(values), max(values)],
            "peak_bytes": int(statistics.median(r["peak_bytes"] for r in results))}


def measure_rounds(args, case, forms, folder):
    """Results of intrain, of each form, and of ONNX Runtime; the share of other programs."""
    ours, theirs, runtime, model = [], {form: [] for form in forms}, [], None
    recompute = ["--recompute", str(args.recompute)] if args.recompute and case.task == "step" else []
    before = cpu_seconds()
    for number in range(1, args.rounds + 1):
        told = lambda who, result: progress(f"{case.task} {case.model}:{case.batch}, round {number}/{args.rounds}, {who}: "
                                            f"{result['images_per_second']:.1f} images/s")
        ours.append(run_intrain(args, case, "--image", case.image, "--seconds", str(args.seconds), *recompute))
        told("intrain", ours[-1])
        for form in forms:
            theirs[form].append(result_of([*torch_command(args, case, form), "--steps", "5", "--seconds", str(args.seconds)],
                                          torch_env(args, form)))
            told(name_of(form), theirs[form][-1])
        if args.runtime and case.task == "infer":
            model = model or make_model(args, case, folder)
            runtime.append(result_of([args.python, str(HERE / "onnx_peer.py"), model, "--batch", str(case.batch), "--threads", str(args.threads),
                                      "--seconds", str(args.seconds)]))
            told("ONNX Runtime", runtime[-1])
    return ours, theirs, runtime, others_share(before)


def measure(args, case):
    """One row."""
    case = with_shapes(args, case)
    tried = try_forms(args, case)
    forms = [form for f in args.formats for form in fastest(tried, f, KEPT)]
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs, runtime, others = measure_rounds(args, case, forms, folder)
    if others > BUSY_SHARE:
        progress(f"warning: other programs took {100 * others:.0f} % of the CPU time: these are speeds of a busy machine")
    row = {"kind": args.kind, "cpu": args.cpu, "threads": args.threads, "task": case.task, "model": case.model, "image": ours[0]["image"],
           "batch": case.batch, "isa": ours[0]["isa"], "date": datetime.date.today().isoformat(), "commit": args.commit, "rounds": args.rounds,
           "others_share": round(others, 4),
           "intrain": {"version": args.version, **speed_of(ours), "peak_share": statistics.median(r["peak_share"] for r in ours)},
           "torch": {"version": args.torch, "start_bytes": int(statistics.median(r["start_bytes"] for r in tried.values()))}}
    for number_format in args.formats:
        speed = {form: speed_of(theirs[form]) for form in forms if form.number_format == number_format}
        best = fastest(speed, number_format, 1)[0]
        peaks = [r["peak_bytes"] for form, r in [*tried.items(), *((f, r) for f in forms for r in theirs[f])]
                 if form.number_format == number_format and form.batch == case.batch]
        row["torch"][number_format] = {**speed[best], "peak_bytes": min(peaks), "layout": best.layout, "compiled": best.compiled,
                                     "keeps_memory": best.keeps_memory, "batch": best.batch}
    if ours[0].get("recompute"):
        row["recompute"] = ours[0]["recompute"]
    if runtime:
        row["onnxruntime"] = {"version": args.runtime, **speed_of(runtime)}
    return row


def version_of(intrain):
    done = run([intrain, "--version"])
    if done.returncode != 0:
        fail(f"{intrain} failed: {why_failed(done)}", "--intrain says where the program is")
    return done.stdout.split()[-1]


def parse_case(text):
    parts = text.split(":")
    task = parts.pop(0) if len(parts) == 3 and parts[0] == "infer" else "step"
    if len(parts) != 2 or not parts[0] or not parts[1].isdigit() or int(parts[1]) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is neither model:batch nor infer:model:batch, like resnet20:128")
    return Case(task, parts[0], int(parts[1]))


def batches(text):
    if not all(part.isdigit() and int(part) > 0 for part in text.split(",")):
        raise argparse.ArgumentTypeError(f"'{text}' is no list of batches, like 32,64,128")
    return [int(part) for part in text.split(",")]


def formats(text):
    if not text or any(part not in speeds.FORMATS for part in text.split(",")):
        raise argparse.ArgumentTypeError(f"'{text}' is no list of {', '.join(speeds.FORMATS)}")
    return text.split(",")


def at_least_one(text):
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from 1")
    return int(text)


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("cases", nargs="*", type=parse_case, metavar="[infer:]MODEL:BATCH")
    p.add_argument("--rounds", type=at_least_one, default=3, metavar="R")
    p.add_argument("--threads", type=at_least_one, default=len(os.sched_getaffinity(0)), metavar="N")
    p.add_argument("--seconds", type=float, default=5, help="of a measurement, and at least 5 steps", metavar="S")
    p.add_argument("--isa", help="sets INTRAIN_ISA, and holds PyTorch to the same where it can be: " + ", ".join(speeds.TORCH_HELD), metavar="NAME")
    p.add_argument("--formats", type=formats, metavar="F,F",
                   help=f"of PyTorch: {','.join(speeds.FORMATS)}; bfloat16 without instructions for it may take minutes a step")
    p.add_argument("--eager", action="store_true", help="leave out torch.compile")
    p.add_argument("--torch-batch", type=batches, default=[], help="further batches to try with PyTorch's training", metavar="B,B")
    p.add_argument("--recompute", type=at_least_one, help="intrain's training in less memory: `bench step --recompute N`", metavar="N")
    p.add_argument("--intrain", default=str(ROOT / "build/release/intrain"), help="the program", metavar="PATH")
    p.add_argument("--commit", help="of which the program was built, if not of this checkout", metavar="HASH")
    p.add_argument("--python", default=peer_python(), help="a Python with PyTorch", metavar="PATH")
    p.add_argument("--save", action="store_true", help="put the rows into the file of --speeds")
    p.add_argument("--show", choices=["training", "latency"], help="print a table of the file of --speeds; measure nothing")
    p.add_argument("--speeds", default=str(HERE / "speeds.json"), metavar="FILE")
    args = p.parse_args()
    if bool(args.cases) == bool(args.show):
        p.error("give either cases, like resnet20:128, or --show")
    return args


def main():
    args = parse()
    if args.show:
        text = speed_tables.table(speeds.load(args.speeds), args.show == "latency")
        return print(text) if text else fail(f"{args.speeds} has no rows of {args.show}", "--save puts rows into it")
    args.kind, args.cpu, flags = speeds.cpu_of(Path("/proc/cpuinfo").read_text())
    if not args.formats:
        args.formats = speeds.FORMATS if flags & {"avx512_bf16", "amx_bf16", "bf16"} else ["float32"]
        if len(args.formats) == 1:
            progress("bfloat16 is left out: this CPU has no instructions for it (--formats float32,bfloat16 measures it all the same)")
    if args.save:
        speeds.load(args.speeds)  # what cannot be added to is refused before the measurement
    args.version, args.commit = version_of(args.intrain), args.commit or commit_of_source()
    about = about_torch(args.python)
    args.torch, args.compiles, args.runtime = about["torch"], about["compiles"] and not args.eager, about["onnxruntime"]
    if not args.runtime and any(case.task == "infer" for case in args.cases):
        progress(f"ONNX Runtime is left out: {args.python} has none (make peers installs it)")
    rows = []
    try:
        for case in args.cases:
            rows.append(measure(args, case))
            if args.save:
                speeds.save(args.speeds, rows[-1:])
    finally:  # what there is, should a later case fail
        print("\n\n".join(text for small in (False, True) if (text := speed_tables.table(rows, small, name_missing=False))))


if __name__ == "__main__":
    main()
