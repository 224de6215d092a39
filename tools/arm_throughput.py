#!/usr/bin/env python3
"""Counts what the register tiles of 64-bit ARM do, where there is no such machine to measure: instructions a product of the innermost loops, as
they were compiled, and the share of the multiplier's peak that LLVM's models of cores expect of them.

    tools/arm_throughput.py [BUILD_DIR]      default: build/arm64; of the objects of gemm/neon.cc, gemm/dotprod.cc and gemm/i8mm.cc in it

The share is the cycles that llvm-mca gives as many independent multiplications over registers, divided by those of the loop: everything in cache,
every branch foreseen. It takes llvm-mca of LLVM 19 (Debian: llvm-19), or the one in $LLVM_MCA.
"""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

# Products of bytes of an instruction.
PRODUCTS = {"smull": 8, "smlal": 8, "smull2": 8, "smlal2": 8, "sdot": 16, "usdot": 16, "sudot": 16, "smmla": 32, "usmmla": 32}
CORES = ["cortex-a72", "cortex-a76", "neoverse-n1", "neoverse-v1", "apple-m1"]
# Those that have the instruction set.
HAS = {"neon": CORES, "dotprod": CORES[1:], "i8mm": ["neoverse-v1"]}
# Of each width the highest tile is looked at.
TILE = re.compile(r".*\b(?:block|run)<(?P<numbers>\d+(?:, \d+)*)>\(.*")


def run(*command, text=None):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, input=text).stdout


def functions_of(obj):
    """{name: [(address, instruction)]}"""
    objdump = "aarch64-linux-gnu-objdump" if shutil.which("aarch64-linux-gnu-objdump") else "objdump"
    found, body = {}, None
    for line in run(objdump, "-d", "-C", "--no-show-raw-insn", str(obj)).splitlines():
        if header := re.fullmatch(r"[0-9a-f]+ <(.*)>:", line):
            body = found.setdefault(header[1], [])
        elif body is not None and (instruction := re.match(r"\s*([0-9a-f]+):\t(.+)", line)):
            body.append((int(instruction[1], 16), instruction[2].split("//")[0].strip()))
    return found


def products(instructions):
    return sum(PRODUCTS.get(text.split()[0], 0) for text in instructions)


def innermost_loop(body):
    """The instructions of the loop without another one in it that has the most products."""
    loops = []
    for address, text in body:
        if jump := re.match(r"(?:b\.\w+|cbn?z|tbn?z)\b.*\b([0-9a-f]+) <", text):
            if int(jump[1], 16) <= address:
                loops.append((int(jump[1], 16), address))
    inner = [a for a in loops if not any(b != a and a[0] <= b[0] and b[1] <= a[1] for b in loops)]
    texts = [[text for address, text in body if begin <= address <= end] for begin, end in inner]
    return max(texts, key=products, default=[])


def cycles(mca, core, instructions):
    """Of an iteration, in the long run."""
    text = "loop:\n" + "\n".join(re.sub(r"\b[0-9a-f]+ <.*>", "loop", i) for i in instructions) + "\n"
    count = 400
    command = [mca, "-mtriple=aarch64", f"-mcpu={core}", "-mattr=+dotprod,+i8mm", f"-iterations={count}", "-all-views=false", "-summary-view"]
    return int(re.search(r"Total Cycles:\s+(\d+)", run(*command, text=text))[1]) / count


def peak_cycles(mca, core, loop):
    """Of as many products as the loop has, by its kind of multiplication, each into one of many sums."""
    names = {text.split()[0] for text in loop}
    if names & {"smull", "smull2"}:
        alone = [f"{name} v{16 + i}.8h, v0.{size}, v1.{size}" for i in range(12) for name, size in (("smull", "8b"), ("smlal2", "16b"))]
        alone = [text for i in range(12) for text in (*alone[2 * i:2 * i + 2], f"sadalp v{2 + i}.4s, v{16 + i}.8h")]
    else:
        name = next(n for n in ("usmmla", "smmla", "sdot") if n in names)
        alone = [f"{name} v{i}.4s, v30.16b, v31.16b" for i in range(24)]
    return cycles(mca, core, alone) * products(loop) / products(alone)


def main():
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print(__doc__)
        return 2
    build = Path(sys.argv[1] if sys.argv[1:] else "build/arm64")
    mca = os.environ.get("LLVM_MCA") or shutil.which("llvm-mca-19")
    print(f"{'tile':<10}{'signs':<18}{'rows x columns':<16}{'instructions':>13}{'products':>10}{'instructions a product':>24}   share of the peak, products a cycle")
    for isa, cores in HAS.items():
        obj = build / f"CMakeFiles/intrain_ops.dir/src/ops/gemm/{isa}.cc.o"
        if not obj.exists():
            sys.exit(f"error: {obj} is not there: build intrain_ops first")
        tiles = {}
        for name, body in functions_of(obj).items():
            if not (match := TILE.match(name)):
                continue
            numbers = [int(n) for n in match["numbers"].split(", ")]
            vectors, rows = numbers if len(numbers) == 2 else (1, numbers[0])
            signs = re.search(r"(Signed|Unsigned)(Signed|Unsigned)", name)
            tiles.setdefault((signs[0] if signs else "SignedSigned", vectors), {})[rows] = body
        for (signs, vectors), by_rows in sorted(tiles.items()):
            rows = max(by_rows)
            loop = innermost_loop(by_rows[rows])
            if products(loop) == 0:
                continue  # calls another of them
            shares = []
            for core in cores if mca else []:
                peak = peak_cycles(mca, core, loop)
                shares.append(f"{core} {100 * peak / cycles(mca, core, loop):.0f} % of {products(loop) / peak:.0f}")
            print(f"{isa:<10}{signs:<18}{f'{rows} x {4 * vectors}':<16}{len(loop):>13}{products(loop):>10}{len(loop) / products(loop):>24.4f}   "
                  + ", ".join(shares))
    if not mca:
        print("no llvm-mca: install llvm-19, or name it in LLVM_MCA, for shares of the peak")
    return 0


if __name__ == "__main__":
    sys.exit(main())
