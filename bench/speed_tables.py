"""Markdown tables of the rows that speeds.py describes: one of training and one of latencies, each with a block a CPU."""
from speeds import FORMATS, KINDS, TASKS, TORCH_HELD

ISA_NAMES = {isa: name for name, _, isa in reversed(KINDS)} | {"avx512vnni": "AVX-512 VNNI", "scalar": "no vectors"}
LAYOUTS = {"channels-last": "NHWC", "contiguous": "NCHW"}


def is_small(row, rows):
    """Whether a row is one of latency: an evaluation, or a smaller batch than the largest of this net."""
    same = ("kind", "cpu", "threads", "model", "isa", "task")
    return row["task"] == "infer" or row["batch"] < max(r["batch"] for r in rows if all(r[k] == row[k] for k in same))


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def time_of(row, speed):
    """Of a batch."""
    value = 1000 * row["batch"] / speed["images_per_second"]
    if value < 0.1:
        return f"{1000 * value:.1f} µs"
    return f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms" if value >= 10 else f"{value:.2f} ms"


def megabytes(count):
    return f"{count / 1e6:,.0f} MB"


def form(row, speed):
    """How PyTorch ran in its fastest form, as far as known."""
    said = [LAYOUTS[speed["layout"]]] if speed["layout"] else []
    said += ["compiled"] if speed["compiled"] else []
    said += ["memory kept"] if speed["keeps_memory"] else ["memory kept not tried"] if speed["keeps_memory"] is None else []
    said += [f"batch {speed['batch']}"] if speed["batch"] != row["batch"] else []
    return f" ({', '.join(said)})" if said else ""


def ratio(row, speed):
    return f"{row['intrain']['images_per_second'] / speed['images_per_second']:.1f}"


def torch_cells(row, formats, show):
    cells = []
    for speed in (row["torch"].get(f) for f in formats):
        cells += [show(speed) + form(row, speed), ratio(row, speed)] if speed else ["", ""]
    return cells


def forced(row):
    """Whether intrain was held to a lesser instruction set than the CPU's best."""
    return row["isa"] != next(isa for name, _, isa in KINDS if name == row["kind"])


def net(row):
    h, w, _ = row["image"]
    return f"`{row['model']}`, {h}x{w}, {row['batch']}" + (f", {ISA_NAMES.get(row['isa'], row['isa'])} only" if forced(row) else "") + \
        (f", `--recompute {row['recompute']}`" if "recompute" in row else "")


def training_lines(rows, formats):
    head = ["net, images, batch", "intrain"] + [cell for f in formats for cell in (f"PyTorch {f}", "ratio")] + \
        ["share of the multiply peak", "memory", "PyTorch float32's, over that"]
    lines = []
    for row in rows:
        ours, theirs = row["intrain"], row["torch"].get("float32", {}).get("peak_bytes")
        images = lambda speed: f"{number(speed['images_per_second'])} images/s"
        lines.append([net(row), images(ours), *torch_cells(row, formats, images), f"{100 * ours['peak_share']:.0f} %",
                      megabytes(ours["peak_bytes"]), f"{theirs / ours['peak_bytes']:.1f}" if theirs else ""])
    return [head, *lines]


def latency_lines(rows, formats):
    with_runtime = any("onnxruntime" in row for row in rows)
    head = ["net, images, batch", "time of", "intrain"] + [cell for f in formats for cell in (f"PyTorch {f}", "ratio")] + \
        ["ONNX Runtime, 8 bits", "ratio"] * with_runtime
    lines = []
    for row in rows:
        time = lambda speed: time_of(row, speed)
        runtime = row.get("onnxruntime")
        lines.append([net(row), TASKS[row["task"]], time(row["intrain"]), *torch_cells(row, formats, time),
                      *([time(runtime), ratio(row, runtime)] if runtime else ["", ""] * with_runtime)])
    return [head, *lines]


def joined(values):
    """Each once, in their order."""
    return " and ".join(dict.fromkeys(values))


def notes(rows, small):
    """What the figures of a block are."""
    intrain = joined(f"intrain {r['intrain']['version']} ({r['commit']}, {r['date']})" for r in rows)
    peers = joined(f"PyTorch {r['torch']['version']}" for r in rows)
    runtimes = joined(f"ONNX Runtime {r['onnxruntime']['version']}" for r in rows if "onnxruntime" in r)
    speeds = [s for r in rows for s in (r["intrain"], *(r["torch"].get(f) for f in FORMATS), r.get("onnxruntime")) if s and s.get("spread")]
    spread = max(((s["spread"][1] - s["spread"][0]) / s["images_per_second"] for s in speeds), default=0)
    others = max((r["others_share"] for r in rows if r["others_share"] is not None), default=None)
    rounds = joined(str(r["rounds"]) for r in rows)
    text = f"{intrain}; {peers}" + (f"; {runtimes}" if runtimes else "") + f". Medians of {rounds} alternating round{'s' * (rounds != '1')}"
    text += f", which lie at most {100 * spread:.0f} % apart" if spread else ""
    text += f"; other programs took at most {100 * others:.0f} % of the CPU time" if others is not None else ""
    held = [r for r in rows if forced(r)]
    if held:
        alone = joined(ISA_NAMES.get(r["isa"], r["isa"]) for r in held if r["isa"] not in TORCH_HELD)
        text += "; where intrain is held to lesser instructions, PyTorch is, too" + (f", but for {alone}, where it uses all" if alone else "")
    start = max(r["torch"]["start_bytes"] for r in rows)
    return f"{text}." if small else f"{text}. PyTorch's memory includes {megabytes(start)} for the interpreter and the library."


def table(rows, small, name_missing=True):
    """The table of training, or that of latencies, of all rows, and the kinds of CPU that it lacks; "" if it has none."""
    of_table = [row for row in rows if is_small(row, rows) == small]
    blocks = {}
    for row in of_table:
        blocks.setdefault((row["kind"], row["cpu"], row["threads"]), []).append(row)
    order = [name for name, _, _ in KINDS]
    text = []
    for (kind, cpu, threads), block in sorted(blocks.items(), key=lambda item: order.index(item[0][0])):
        formats = [f for f in FORMATS if any(f in row["torch"] for row in block)]
        head, *lines = (latency_lines if small else training_lines)(block, formats)
        cells = lambda line: "| " + " | ".join(line) + " |"
        text += [f"**{kind}**: {cpu}, {threads} thread{'s' * (threads > 1)}", "", cells(head), cells(["---"] * len(head)), *map(cells, lines), "",
                 notes(block, small), ""]
    if not text or not name_missing:
        return "\n".join(text[:-1])
    missing = [name for name, needs, _ in KINDS if needs and name not in {row["kind"] for row in of_table}]
    names = [name + " without bfloat16" * any(other.startswith(name + ", ") for other, _, _ in KINDS) for name in missing]
    return "\n".join(text + [f"CPUs not compared yet, by the best that they have: {'; '.join(names)}."] if names else text[:-1])
