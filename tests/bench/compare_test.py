#!/usr/bin/env python3
"""bench/compare.py without timings: the file of speeds and its tables, those that README.md and docs/performance.md show, and, with programs that
only say that they measured, which forms of PyTorch the rounds run and what of them becomes a row."""
import contextlib
import copy
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
import speed_tables  # noqa: E402
import speeds  # noqa: E402
from judging import expect, verdict  # noqa: E402

def speed(value, **others):
    return {"images_per_second": value, "spread": [value * 0.99, value * 1.01], "peak_bytes": 500000000, **others}


def row(**changes):
    return {"kind": "AVX2", "cpu": "A CPU", "threads": 2, "task": "step", "model": "resnet20", "image": [32, 32, 3], "batch": 128, "isa": "avx2",
            "date": "2026-01-02", "commit": "abc", "rounds": 3, "others_share": 0.012,
            "intrain": {"version": "0.5.0", **speed(1000.0, peak_share=0.5), "peak_bytes": 100000000},
            "torch": {"version": "2.15.0", "start_bytes": 200000000,
                      "float32": speed(400.0, layout="channels-last", compiled=True, keeps_memory=True, batch=64)}, **changes}


def test_tables():
    of_amx = row(kind="AMX", isa="avx512vnni", model="resnet18", image=[224, 224, 3], batch=32, others_share=None)
    of_amx["torch"]["bfloat16"] = speed(24.25, layout=None, compiled=False, keeps_memory=False, batch=32, peak_bytes=None, spread=None)
    small = row(batch=4, isa="avx2")
    infer = row(task="infer", batch=1, onnxruntime={"version": "1.32.0", **speed(800.0)})
    rows = [row(), of_amx, small, infer]
    training, latency = speed_tables.table(rows, False), speed_tables.table(rows, True)
    held = speed_tables.table([row(isa="scalar")], False)
    expect("what PyTorch cannot be held to", "PyTorch is, too, but for no vectors, where it uses all. " in held, held)
    expect("the table of training", training == """\
**AMX**: A CPU, 2 threads

| net, images, batch | intrain | PyTorch float32 | ratio | PyTorch bfloat16 | ratio | share of the multiply peak | memory | PyTorch float32's, over that |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| `resnet18`, 224x224, 32, AVX-512 VNNI only | 1,000 images/s | 400 images/s (NHWC, compiled, memory kept, batch 64) | 2.5 | 24.2 images/s | 41.2 | 50 % | 100 MB | 5.0 |

intrain 0.5.0 (abc, 2026-01-02); PyTorch 2.15.0. Medians of 3 alternating rounds, which lie at most 2 % apart; where intrain is held to lesser \
instructions, PyTorch is, too. PyTorch's memory includes 200 MB for the interpreter and the library.

**AVX2**: A CPU, 2 threads

| net, images, batch | intrain | PyTorch float32 | ratio | share of the multiply peak | memory | PyTorch float32's, over that |
| --- | --- | --- | --- | --- | --- | --- |
| `resnet20`, 32x32, 128 | 1,000 images/s | 400 images/s (NHWC, compiled, memory kept, batch 64) | 2.5 | 50 % | 100 MB | 5.0 |

intrain 0.5.0 (abc, 2026-01-02); PyTorch 2.15.0. Medians of 3 alternating rounds, which lie at most 2 % apart; other programs took at most 1 % of the \
CPU time. PyTorch's memory includes 200 MB for the interpreter and the library.

CPUs not compared yet, by the best that they have: AVX-512 VNNI, bfloat16; AVX-512 VNNI without bfloat16; AVX-VNNI; ARM I8MM; ARM dot products; ARM NEON.""", training)
    expect("the table of latencies", "\n".join(latency.splitlines()[2:6]) == """\
| net, images, batch | time of | intrain | PyTorch float32 | ratio | ONNX Runtime, 8 bits | ratio |
| --- | --- | --- | --- | --- | --- | --- |
| `resnet20`, 32x32, 4 | a training step | 4.00 ms | 10.0 ms (NHWC, compiled, memory kept, batch 64) | 2.5 |  |  |
| `resnet20`, 32x32, 1 | an evaluation | 1.00 ms | 2.50 ms (NHWC, compiled, memory kept, batch 64) | 2.5 | 1.25 ms | 1.2 |""", latency)
    untried = row()
    untried["torch"]["float32"]["keeps_memory"] = None
    untried = speed_tables.table([untried], False)
    expect("what was not tried is said", "(NHWC, compiled, memory kept not tried, batch 64)" in untried, untried)
    smaller = speed_tables.table([row(), row(recompute=64)], False)
    expect("less memory by computing again is said", "`resnet20`, 32x32, 128, `--recompute 64` |" in smaller, smaller)
    expect("short times are in microseconds", speed_tables.time_of(row(batch=1), speed(20000.0)) == "50.0 µs")
    expect("a comparison's own table names no other CPU", speed_tables.table(rows, False, name_missing=False) ==
           training[:training.index("\n\nCPUs not compared yet")])
    expect("no table of nothing", speed_tables.table([], False) == speed_tables.table([row()], True) == "")


def test_documents():
    rows = speeds.load(ROOT / "bench/speeds.json")
    expect("bench/speeds.json has rows", len(rows) > 0)
    for name, small, command in (("README.md", False, "training"), ("docs/performance.md", True, "latency")):
        expect(f"{name} holds what 'bench/compare.py --show {command}' prints", speed_tables.table(rows, small) in (ROOT / name).read_text())


def refused(act):
    """What an act that ends with exit status 2 says."""
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told):
            act()
    except SystemExit as e:
        return told.getvalue() if e.code == 2 else ""
    return ""


def changed(*path, value=None):
    """A row in which one member is another, or, with no value, missing."""
    of = copy.deepcopy(row())
    at = of
    for key in path[:-1]:
        at = at[key]
    at.pop(path[-1]) if value is None else at.update({path[-1]: value})
    return [of]


def test_files(folder):
    file = Path(folder, "speeds.json")
    expect("a file that is not there has no rows", speeds.load(file) == [])
    for text, said in [("[", "is no JSON"), ("{}", "holds no list"), ("[1]", "row 1 of"), (json.dumps([row(), row()]), "row 2 of"),
                       *((json.dumps(changed(*path)), f"is wrong: {path[0]}") for path in
                         [("kind",), ("date",), ("torch",), ("torch", "float32"), ("intrain", "peak_share"), ("torch", "version"), ("torch", "start_bytes")]),
                       *((json.dumps(changed(*path, value=value)), f"is wrong: {path[0]}") for *path, value in
                         [("kind", "Z80"), ("batch", 0), ("batch", True), ("image", [32, 32]), ("date", "today"), ("task", "sleep"),
                          ("others_share", -1), ("recompute", 0), ("intrain", "images_per_second", 0), ("torch", "float32", "spread", [2, 1]),
                          ("torch", "float32", "layout", "NHWC"), ("torch", "float32", "batch", "1"), ("torch", "float32", "keeps_memory", 1), ("speed", 1),
                          ("onnxruntime", {"version": "1"})])]:
        file.write_text(text)
        told = refused(lambda: speeds.load(file))
        expect(f"{text[:60]} is refused by '{said}'", said in told and told.startswith("error: ") and "\nhint: " in told, told)
    file.unlink()
    speeds.save(file, [row(), row(batch=1)])
    speeds.save(file, [row(isa="scalar"), row(commit="new"), row(recompute=64)])
    expect("rows are added and replaced", [(r["batch"], r["isa"], r["commit"], r.get("recompute")) for r in speeds.load(file)] ==
           [(128, "avx2", "new", None), (1, "avx2", "abc", None), (128, "scalar", "abc", None), (128, "avx2", "abc", 64)], file.read_text())
    expect("an unwritable file is told", "cannot write" in refused(lambda: speeds.save(f"{folder}/none/speeds.json", [row()])))


def test_kinds():
    for flags, kind in [("sse avx2 avx512_vnni amx_int8", "AMX"), ("avx2 avx512_vnni avx512_bf16", "AVX-512 VNNI, bfloat16"),
                        ("avx2 avx512_vnni avx_vnni", "AVX-512 VNNI"), ("avx2 avx_vnni", "AVX-VNNI"), ("avx2", "AVX2"), ("sse2", "others")]:
        found = speeds.cpu_of(f"model name\t: Intel(R) Xeon(R) CPU @ 2.80GHz\nflags\t\t: {flags}\n")
        expect(f"the kind of {flags}", found[:2] == (kind, "Intel Xeon @ 2.80GHz"), found)
    cloud = speeds.cpu_of("cpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\nflags\t\t: avx2\n")
    expect("a CPU whose name has no number", cloud[:2] == ("AVX2", "AMD EPYC (family 26, model 2)"), cloud)
    expect("the kind of an ARM CPU", speeds.cpu_of("Features\t: fp asimd asimddp\n")[:2] == ("ARM dot products", "unknown CPU"))


# Programs that say what they were asked to measure, and answer at once.
INTRAIN = r"""#!/bin/sh
echo "$*" >> "$0.log"
case "$*" in
  --version) echo 'intrain 0.5.0' ;;
  bench*--recompute\ 64*) echo '{"images_per_second": 900, "peak_bytes": 80, "peak_share": 0.5, "isa": "avx2", "image": [28, 28, 1], "classes": 7, "recompute": 64}' ;;
  bench*) echo '{"images_per_second": 1000, "peak_bytes": 100, "peak_share": 0.5, "isa": "avx2", "image": [28, 28, 1], "classes": 7}' ;;
esac
"""
PYTHON = r"""#!/bin/sh
script=$(basename "$1")
echo "$*${MALLOC_TRIM_THRESHOLD_:+ memory kept}" | sed "s|^[^ ]*/||" >> "$0.log"
case "$script $*" in
  *' about') echo '{"torch": "2.15.0", "compiles": true, "why_not": "", "onnxruntime": "1.32.0"}'; exit ;;
  onnx_peer*) echo '{"images_per_second": 500, "peak_bytes": 60}'; exit ;;
  *--compile*contiguous* | *contiguous*--compile*) echo 'error: torch.compile failed: no luck' >&2; exit 1 ;;
  *--bf16*--compile*) speed=90 peak=70 ;;
  *--bf16*) speed=80 peak=60 ;;
  *--compile*) speed=300 peak=900 ;;
  *contiguous*) speed=100 peak=400 ;;
  *) speed=200 peak=500 ;;
esac
[ -z "$MALLOC_TRIM_THRESHOLD_" ] || { speed=$((speed + 1)); peak=$((peak + 5)); }
echo "{\"images_per_second\": $speed, \"peak_bytes\": $peak, \"start_bytes\": 40, \"warmup_steps\": 2, \"warmup_seconds\": 0.5}"
"""


def test_measuring(folder):
    intrain, python, file = Path(folder, "intrain"), Path(folder, "python"), Path(folder, "measured.json")
    for program, text in ((intrain, INTRAIN), (python, PYTHON)):
        program.write_text(text)
        program.chmod(0o755)
    command = [sys.executable, ROOT / "bench/compare.py", "--intrain", intrain, "--python", python, "--commit", "abc", "--threads", "2"]
    compare = lambda *more: subprocess.run([str(part) for part in (*command, *more)], capture_output=True, text=True)
    done = compare("resnet20:16", "infer:resnet20:1", "--rounds", "2", "--formats", "float32,bfloat16", "--save", "--speeds", file)
    expect("a comparison ends well", done.returncode == 0, done.stderr)
    expect("it prints both tables", done.stdout.count("| 1,000 images/s | 301 images/s (NHWC, compiled, memory kept) |") == done.stdout.count("| an evaluation | 1.00 ms |") == 1 and
           "Not measured" not in done.stdout, done.stdout)
    rows = speeds.load(file)
    expect("a row a case", [(r["task"], r["batch"]) for r in rows] == [("step", 16), ("infer", 1)], rows)
    step, infer = (r["torch"] for r in rows)
    expect("of float32 the fastest form, and the least memory", [step["float32"][k] for k in ("images_per_second", "layout", "compiled", "keeps_memory", "peak_bytes")]
           == [301, "channels-last", True, True, 400], step)
    expect("of bfloat16, too", [step["bfloat16"][k] for k in ("images_per_second", "layout", "compiled", "keeps_memory", "peak_bytes")]
           == [91, "channels-last", True, True, 60], step)
    expect("ONNX Runtime is beside evaluations alone", rows[1]["onnxruntime"]["images_per_second"] == 500 and "onnxruntime" not in rows[0])
    expect("evaluations run in the forms that training has", infer["float32"]["compiled"] is True)
    log = Path(f"{python}.log").read_text().splitlines()
    trained = [line for line in log if " step " in line and "--bf16" not in line]
    runs = lambda layout, *marks: sum(layout in line and [m in line for m in ("--compile", "memory kept")] == [m in marks for m in ("--compile", "memory kept")]
                                      for line in trained)
    expect("the slowest form is tried, and not in the rounds", runs("contiguous") == 1, trained)
    expect("the fastest is tried, and in every round", runs("channels-last", "--compile", "memory kept") == 3, trained)
    expect("what its allocator keeps makes another form", runs("channels-last", "memory kept") == 1, trained)
    expect("what cannot be compiled is told, and left out", done.stderr.count("is left out: torch.compile failed: no luck") == 8, done.stderr)
    asked = Path(f"{intrain}.log").read_text()
    expect("all sides have images of the size that the net is for, in colour", asked.count("--image 28x28x3") == 4 and
           all("--image 28x28x3 --classes 7" in line for line in log if line.startswith("torch_peer.py") and "about" not in line), asked)
    expect("ONNX Runtime's model is made of the net", "train --data synthetic:4:28 --model resnet20" in asked and "--qdq" in asked, asked)
    done = compare("resnet20:16", "infer:resnet20:1", "--rounds", "1", "--formats", "float32", "--eager", "--recompute", "64", "--save", "--speeds", file)
    expect("less memory is a row of its own, and of training alone", [(r["task"], r.get("recompute"), r["intrain"]["peak_bytes"])
           for r in speeds.load(file)] == [("step", None, 100), ("infer", None, 100), ("step", 64, 80)], done.stderr)
    for case in ("resnet20", "resnet20:0", ":1", "infer:resnet20", "train:resnet20:1"):
        expect(f"the case '{case}' is refused", compare(case).returncode == 2)
    shown = [compare("--show", what, "--speeds", Path(folder, name)) for what, name in
             (("training", "measured.json"), ("latency", "measured.json"), ("latency", "none.json"))]
    expect("both tables of a file can be shown, and none of a file without rows", [s.returncode for s in shown] == [0, 0, 2] and
           "CPUs not compared yet, by the best that they have" in shown[0].stdout and "an evaluation" in shown[1].stdout and "has no rows of latency" in shown[2].stderr, shown)
    file.write_text("[1]")
    expect("a bad file is refused before anything is measured", compare("resnet8:1", "--save", "--speeds", file).returncode == 2 and
           "resnet8" not in Path(f"{intrain}.log").read_text() and file.read_text() == "[1]")


def main():
    test_tables()
    test_documents()
    test_kinds()
    with tempfile.TemporaryDirectory() as folder:
        test_files(folder)
        test_measuring(folder)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
