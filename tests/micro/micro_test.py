#!/usr/bin/env python3
"""Compiles firmware for small machines, runs it in QEMU, and holds it to the library: outputs, signature, symbols, stack, instructions.

    micro_test.py FIRMWARE_NETS FOLDER [COMPILER...] [--random-nets N] [--write-bars]

FIRMWARE_NETS: the program that makes the nets. FOLDER: for all that is compiled. --random-nets: so many of the 50 on emulated boards, too, each
wholly learning and as one that predicts (8). --write-bars: what was counted becomes the bars, instructions.txt. COMPILER: of these only, as 'M3 g++'.
Machines whose compiler or emulator is missing are skipped with a line that says so. The last line is "N checks of firmware passed, M failed"; exit
status 1 if M is not 0.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from build import Build
from machines import COMPILERS, MACHINES, Failure, run
from nets_source import Expected, fitting, kept, learns

HERE = Path(__file__).resolve().parent
BARS = HERE / "instructions.txt"
RANDOM_NETS = 50
NAMED = ["sensors", "small_images", "signal", "digits"]
RANDOM_SHAPES = 400  # of count_products.cc, as are these
PRODUCT_NAMES = ["forward", "backward data", "backward weights"]
TOLERANCE = 1.02  # of a bar


def all_modes(names):
    return [name + mode for name in names for mode in ("", "_head", "_infer")]


# Compiler, nets, machines that run them.
RANDOM = [f"random{i}" for i in range(RANDOM_NETS)]
RUNS = [
    ("g++", all_modes(NAMED + RANDOM), ["this machine"]),
    ("clang++", all_modes(NAMED + RANDOM), ["this machine"]),
    ("aarch64 g++", all_modes(NAMED + RANDOM), ["aarch64 by QEMU"]),
    ("M0 g++", all_modes(["sensors"]), ["microbit"]),
    ("M0 clang++", all_modes(["sensors"]), ["microbit"]),
    ("M3 g++", ["small_images"], ["lm3s6965evb"]),
    ("M3 clang++", ["small_images"], ["lm3s6965evb"]),
    ("M0 g++", all_modes(NAMED), ["mps2-an385"]),
    ("M0 clang++", all_modes(NAMED), ["mps2-an385"]),
    ("M3 g++", all_modes(NAMED), ["mps2-an385"]),
    ("M3 clang++", all_modes(NAMED), ["mps2-an385"]),
    ("RV32 g++", all_modes(NAMED), ["virt rv32", "virt ibex"]),
    ("RV32 clang++", all_modes(NAMED), ["virt rv32", "virt ibex"]),
    ("M0 g++", ["digits_infer"], ["mps2-an385"]),  # the code of what predicts only
    ("M3 g++", ["digits_infer"], ["mps2-an385"]),
    ("RV32 g++", ["digits_infer"], ["virt rv32"]),
]
# And those that run random nets, as many of them as a board has memory for.
RANDOM_RUNS = [
    ("M0", ["microbit", "mps2-an385"]),
    ("M3", ["lm3s6965evb", "mps2-an385"]),
    ("RV32", ["virt rv32", "virt ibex"]),
]


def runs_of_random_nets(check, count, folder):
    nets, runs = [name + mode for name in RANDOM[:count] for mode in ("", "_infer")], []
    for processor, names in RANDOM_RUNS:
        for name in names:
            lists = fitting(nets, folder, MACHINES[name])
            fit = [net for part in lists for net in part]
            states = [net for part in lists for net in kept(part, folder, MACHINES[name].bytes_of("RAM"))]
            learn = sum(learns(folder, net) for net in fit)
            check(states, f"{name}, {processor}: of {len(nets)} random nets it has memory for {len(fit)}; {learn} of them learn, {len(states)} are saved and loaded")
            runs += [(f"{processor} {compiler}", part, [name]) for compiler in ("g++", "clang++") for part in lists]
    return runs


# Compilers whose products are counted by themselves, and where.
PRODUCTS = [("M0 g++", "mps2-an385"), ("M0 clang++", "mps2-an385"), ("M3 g++", "mps2-an385"), ("M3 clang++", "mps2-an385"), ("RV32 g++", "virt rv32")]

# No floating point, heap, text or C++ runtime.
FORBIDDEN = re.compile(r"^(__aeabi_([fd]\w+|\w+2[fd]|[ul]+2[fd])|__\w+[sdt]f[23i]?\w*|__float\w+|__fix\w+|malloc|calloc|realloc|free|_sbrk|\w*printf|"
                       r"_Zn[wa]\w*|_Zd[la]\w*|__cxa_\w+|__gxx_\w+)$")


class Checks:
    passed = failed = 0

    def __call__(self, right, what):
        if right:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{'ok     ' if right else 'FAILED '} {what}", flush=True)
        return right


def check_symbols(check, bars, counted, compiler, machine, nets, folder, elf):
    names = [line.split()[-1] for line in run([compiler.tools + "nm", elf]).splitlines()]
    found = sorted({n for n in names if FORBIDDEN.match(n)})
    kind = f"{machine.name}, {compiler.name}"
    check(not found, f"{kind}: " + ("there is " + " ".join(found) if found else "no float, heap or text"))
    if nets[0].startswith("random"):  # each has code of its own
        return
    sections = dict(re.findall(r"^(\.\w+)\s+(\d+)", run([compiler.tools + "size", "-A", elf]), re.M))
    code, stated = int(sections[".text"]), max(Expected(folder, net).code for net in nets)
    line = f"{kind}: {code} bytes of code for {nets[0]} and {len(nets) - 1} more, the test's own among them; {stated} stated of one"
    if compiler.name.endswith(" g++"):
        check(code <= stated, line)
    else:  # of which the export says nothing
        hold(check, bars, counted, compiler, f"{kind}, bytes of code for {nets[0]} and {len(nets) - 1} more", code, line)


def check_that_symbols_are_found(check, folder):
    """What check_symbols looks for, planted for a processor without floating point."""
    compiler = COMPILERS["M0 g++"]
    if compiler.missing():
        return
    source, planted = folder / "planted.cc", folder / "planted.o"
    source.write_text("double planted(double a, float b, int c) { return a * b + c; }\n")
    run([*compiler.command, "-c", "-o", planted, source])
    names = [line.split()[-1] for line in run([compiler.tools + "nm", "-u", planted]).splitlines()]
    check(len(names) == 4 and all(FORBIDDEN.match(n) for n in names), f"planted floating point is found: {' '.join(names)}")


def parse(output):
    """name -> sum, signature, instructions, stack"""
    results = {}
    for name, outputs, signature, instructions, stack in re.findall(r"^(\w+) (\w{8}) (\w{16}|-) (\w{8}) (\w{8})$", output, re.M):
        results[name] = (outputs, signature, int(instructions, 16), int(stack, 16))
    return results


def judge(check, bars, counted, compiler, machine, nets, folder, output):
    results = parse(output)
    expected = {net: Expected(folder, net) for net in nets}
    wrong = [net for net in nets if results.get(net, ())[:2] != (expected[net].outputs, expected[net].signature)]
    kind = f"{machine.name}, {compiler.name}"
    check(not wrong, f"{kind}: {len(nets) - len(wrong)} of {len(nets)} nets end as in the library" + (": not " + " ".join(wrong) if wrong else ""))
    for net in nets:
        if net not in results or not machine.script:
            continue
        _, signature, instructions, stack = results[net]
        stated = expected[net].stack
        if stack > stated:
            check(False, f"{kind}, {net}: {stack} bytes of stack, {stated} stated")
        if not machine.counts or not net.startswith(tuple(NAMED)):
            print(f"        {kind}, {net}: {signature}, {stack} of {stated} bytes of stack")
            continue
        samples = (folder / net / "samples.h").read_text().count("{") - 1
        each = instructions // samples
        key = f"{machine.name}, {compiler.name}, {net}"
        hold(check, bars, counted, compiler, key, each, f"{key}: {signature}, {each:,} instructions a sample, {stack} of {stated} bytes of stack")


def hold(check, bars, counted, compiler, key, value, line):
    """To its bar, where there is one for this compiler."""
    if not compiler.counted:
        print(f"        {line}")
        return
    counted[key] = value
    version = compiler.version()
    if not version.startswith(compiler.counted):
        print(f"skipped the bar of {key}: it is of {compiler.command[0]} {compiler.counted}, this is {version}")
    elif key not in bars:
        check(False, f"{line}: no bar in {BARS.name}")
    else:
        check(value <= bars[key] * TOLERANCE, f"{line} (bar {bars[key]:,})")


def judge_products(check, bars, counted, compiler, machine, output):
    kind = f"{machine.name}, {compiler.name}"
    check(f"random shapes that agree {RANDOM_SHAPES}\n" in output, f"{kind}: products of {RANDOM_SHAPES} random shapes as the references")
    for name, *numbers in re.findall(r"^(\w+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", output, re.M):
        multiplies, *counts = map(int, numbers)
        for product, before, after in zip(PRODUCT_NAMES, counts[:3], counts[3:]):
            key = f"{kind}, {name} {product}"
            each = f"{after / multiplies:.2f} instructions a multiply-accumulate, the reference {before / multiplies:.2f}"
            hold(check, bars, counted, compiler, key, after, f"{key}: {each}")


def read_bars():
    if not BARS.exists():
        return {}
    rows = [line.rsplit(":", 1) for line in BARS.read_text().splitlines() if line and not line.startswith("#")]
    return {key: int(value) for key, value in rows}


def write_bars(counted):
    head = ("# Instructions as micro_test.py --write-bars counted them: of a sample, that is of a training step or (infer) of a prediction; of the three\n"
            "# products of a layer. Bytes of code where they are said.\n")
    bars = read_bars() | {key: value for key, value in counted.items()}
    BARS.write_text(head + "".join(f"{key}: {value}\n" for key, value in sorted(bars.items())))


def missing_for(compiler, machine):
    missing = compiler.missing()
    if machine.emulator and shutil.which(machine.emulator[0]) is None:
        missing.append(machine.emulator[0])
    return missing


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("firmware_nets", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--random-nets", type=int, default=8, choices=range(1, RANDOM_NETS + 1), metavar=f"1..{RANDOM_NETS}")
    parser.add_argument("--write-bars", action="store_true")
    parser.add_argument("compilers", nargs="*", choices=[[], *COMPILERS], metavar="COMPILER")
    arguments = parser.parse_intermixed_args()
    folder = arguments.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run([arguments.firmware_nets.resolve(), folder, RANDOM_NETS])
    check, bars, counted = Checks(), read_bars(), {}
    with ThreadPoolExecutor(os.cpu_count()) as compile_pool, ThreadPoolExecutor(os.cpu_count()) as pool:
        build, jobs = Build(folder, compile_pool), []
        for name, nets, machines in RUNS + runs_of_random_nets(check, arguments.random_nets, folder) + [(name, [], [machine]) for name, machine in PRODUCTS]:
            if arguments.compilers and name not in arguments.compilers:
                continue
            compiler = COMPILERS[name]
            for machine in (MACHINES[m] for m in machines):
                missing = missing_for(compiler, machine)
                if missing:
                    print(f"skipped {machine.name}, {name}: there is no {', '.join(missing)}")
                    continue

                def job(compiler=compiler, nets=nets, machine=machine):
                    elf = build.program(compiler, nets, machine)
                    output = run([*machine.emulator, elf])
                    again = run([*machine.emulator, elf]) if machine.counts and compiler.counted else output
                    return elf, output, again

                jobs.append((compiler, nets, machine, pool.submit(job)))
        for compiler, nets, machine, result in jobs:
            try:
                elf, output, again = result.result()
            except (Failure, subprocess.TimeoutExpired) as failure:
                check(False, f"{machine.name}, {compiler.name}: {failure}")
                continue
            if not nets:
                judge_products(check, bars, counted, compiler, machine, output)
                continue
            judge(check, bars, counted, compiler, machine, nets, folder, output)
            if machine.script:
                check_symbols(check, bars, counted, compiler, machine, nets, folder, elf)
            if machine.counts and compiler.counted:
                check(output == again, f"{machine.name}, {compiler.name}: the same when it runs again")
    check_that_symbols_are_found(check, folder)
    if arguments.write_bars:
        write_bars(counted)
    print(f"{check.passed} checks of firmware passed, {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
