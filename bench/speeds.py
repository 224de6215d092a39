"""Speeds by kind of CPU: the file that holds them, and the Markdown tables that are made of it.

A row is what was measured of one net and batch on one CPU, a JSON object:

    kind, cpu, threads          the best that the CPU has for products (KINDS), its name, threads of both sides
    task, model, image, batch   "step": training steps; "infer": evaluations. [height, width, channels]
    isa                         intrain's instruction set, which may be forced to a lesser one than the CPU's best; PyTorch then to the same
                                (TORCH_HELD)
    date, commit                of the measurement, of intrain's source
    recompute                   of "step", if not 0: intrain's, which forms again rather than keeps (Net::recompute)
    rounds, others_share        both sides alternately, medians; share of the CPU time that other programs took meanwhile, null if unknown
    intrain                     version, images_per_second, spread ([least, most], null if unknown), peak_share, peak_bytes
    torch                       version, start_bytes (before the net is built), and for "float32" and "bfloat16", as far as measured,
                                images_per_second, spread, layout (null if unknown), compiled, keeps_memory (not given back to the system:
                                peers.KEEP_MEMORY; null where that was not tried), batch and peak_bytes (null if unknown) of the
                                fastest form
    onnxruntime                 of "infer", if measured: the net's 8-bit model; version, images_per_second, spread, peak_bytes
"""
import json
import math
import re
from pathlib import Path

from peers import fail

# What a CPU has for products of 8 bits, from the best on: its name, the flags that tell it, and intrain's instruction set there.
KINDS = [("AMX", {"amx_int8"}, "amx"), ("AVX-512 VNNI, bfloat16", {"avx512_vnni", "avx512_bf16"}, "avx512vnni"),
         ("AVX-512 VNNI", {"avx512_vnni"}, "avx512vnni"), ("AVX-VNNI", {"avx_vnni"}, "avxvnni"), ("AVX2", {"avx2"}, "avx2"),
         ("ARM I8MM", {"i8mm"}, "i8mm"), ("ARM dot products", {"asimddp"}, "dotprod"), ("ARM NEON", {"asimd"}, "neon"),
         ("others", set(), "scalar")]
# The environment that holds PyTorch, oneDNN and MKL in it to the instructions of one of intrain's sets.
TORCH_HELD = {isa: {"ATEN_CPU_CAPABILITY": aten, "ONEDNN_MAX_CPU_ISA": onednn, "MKL_ENABLE_INSTRUCTIONS": mkl}
              for isa, aten, onednn, mkl in [("avx2", "avx2", "AVX2", "AVX2"), ("avxvnni", "avx2", "AVX2_VNNI", "AVX2"),
                                             ("avx512vnni", "avx512", "AVX512_CORE_VNNI", "AVX512")]}
FORMATS = ["float32", "bfloat16"]
TASKS = {"step": "a training step", "infer": "an evaluation"}
SAME = ("kind", "cpu", "threads", "task", "model", "batch", "isa", "recompute")  # a new row replaces that with the same values


def cpu_of(cpuinfo):
    """Kind, name and flags, of the text of /proc/cpuinfo."""
    found = lambda keys: next((m[1] for k in keys if (m := re.search(rf"^{k}\s*: (.*)", cpuinfo, re.M))), "")
    flags = set(found(["flags", "Features"]).split())
    kind = next(name for name, needs, _ in KINDS if needs <= flags)
    name = re.sub(r"\((R|TM)\)|\bCPU\b|\bProcessor\b", "", found(["model name"]))
    if name and not re.search(r"\d", name):  # some clouds give the brand alone
        name += f" (family {found(['cpu family'])}, model {found(['model'])})"
    return kind, " ".join(name.split()) or "unknown CPU", flags


def positive(value):
    return type(value) in (int, float) and 0 < value < math.inf


def is_spread(value):
    return isinstance(value, list) and len(value) == 2 and all(map(positive, value)) and value[0] <= value[1]


def is_speed(value):
    return isinstance(value, dict) and positive(value.get("images_per_second")) and \
        (value.get("spread") is None or is_spread(value["spread"])) and (value.get("peak_bytes") is None or positive(value["peak_bytes"]))


def is_form(value):
    return is_speed(value) and value.get("layout") in (None, "channels-last", "contiguous") and isinstance(value.get("compiled"), bool) and \
        isinstance(value.get("keeps_memory", 0), bool | None) and type(value.get("batch")) is int


def has_version(value):
    return isinstance(value, dict) and isinstance(value.get("version"), str)


def is_intrain(value):
    return has_version(value) and is_speed(value) and positive(value.get("peak_share")) and positive(value.get("peak_bytes"))


def is_torch(value):
    return has_version(value) and positive(value.get("start_bytes")) and any(f in value for f in FORMATS) and \
        all(is_form(value[f]) for f in FORMATS if f in value)


def wrong_key(row):
    """The first member of a row that is not as the head of this file says, or None."""
    count = lambda v: type(v) is int and v > 0
    text = lambda v: isinstance(v, str) and v != ""
    share = lambda v: v is None or (type(v) in (int, float) and v >= 0)
    checks = {"kind": lambda v: v in [name for name, _, _ in KINDS], "cpu": text, "threads": count, "task": lambda v: v in TASKS,
              "model": text, "image": lambda v: isinstance(v, list) and len(v) == 3 and all(map(count, v)), "batch": count, "isa": text,
              "date": lambda v: isinstance(v, str) and bool(re.fullmatch(r"\d{4}-\d\d-\d\d", v)), "commit": text, "rounds": count,
              "others_share": share, "intrain": is_intrain, "torch": is_torch}
    optional = {"recompute": count, "onnxruntime": lambda v: has_version(v) and is_speed(v)}
    if not isinstance(row, dict):
        return "all of it"
    return next((key for key, right in checks.items() if key not in row or not right(row[key])), None) or \
        next((key for key, right in optional.items() if key in row and not right(row[key])), None) or \
        next((key for key in row if key not in checks and key not in optional), None)


def load(path):
    """The rows of a file; none if there is no such file."""
    hint = "bench/compare.py --save writes such files, and bench/speeds.py says what they hold"
    try:
        rows = json.loads(Path(path).read_text())
    except FileNotFoundError:
        return []
    except OSError as e:
        fail(f"cannot read {path}: {e.strerror}", "name a file that can be read with --speeds")
    except ValueError as e:
        fail(f"{path} is no JSON: {e}", hint)
    if not isinstance(rows, list):
        fail(f"{path} holds no list of rows", hint)
    for number, row in enumerate(rows, 1):
        key = wrong_key(row)
        if key:
            fail(f"row {number} of {path} is wrong: {key}", hint)
    keys = [tuple(row.get(k) for k in SAME) for row in rows]
    for number, key in enumerate(keys, 1):
        if keys.index(key) != number - 1:
            fail(f"row {number} of {path} is there twice: {', '.join(map(str, key))}", hint)
    return rows


def save(path, new):
    """Adds rows to a file, in place of those that are the same in SAME."""
    same = lambda row: tuple(row.get(k) for k in SAME)
    replaced = {same(row): row for row in new}
    rows = [replaced.pop(same(row), row) for row in load(path)] + list(replaced.values())
    temporary = Path(f"{path}.tmp")
    try:
        temporary.write_text(json.dumps(rows, indent=1) + "\n")
        temporary.replace(path)
    except OSError as e:
        fail(f"cannot write {path}: {e.strerror}", "name a file that can be written with --speeds")
