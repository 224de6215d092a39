#!/usr/bin/env python3
"""Compiles firmware for small machines, runs it in QEMU, and holds it to the library: outputs, signature, symbols, stack, instructions.

    micro_test.py FIRMWARE_NETS FOLDER [--write-bars] [COMPILER...]

FIRMWARE_NETS: the program that makes the nets. FOLDER: for all that is compiled. --write-bars: what was counted becomes the bars,
instructions.txt. COMPILER: of these only, as 'M3 g++'. Machines whose compiler or emulator is missing are skipped with a line that says so. The
last line is "N checks of firmware passed, M failed"; exit status 1 if M is not 0.
"""
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from machines import COMPILERS, MACHINES, ZICSR
from nets_source import expected, nets_source

HERE = Path(__file__).resolve().parent
BARS = HERE / "instructions.txt"
RANDOM_NETS = 50
NAMED = ["sensors", "small_images", "signal", "digits"]
RANDOM_SHAPES = 400  # of count_products.cc
TOLERANCE = 1.02  # of a bar


def all_modes(names):
    return [name + mode for name in names for mode in ("", "_head", "_infer")]


def random_nets(count):
    return all_modes([f"random{i}" for i in range(count)])


# Compiler, nets, machines that run them.
RUNS = [
    ("g++", all_modes(NAMED) + random_nets(RANDOM_NETS), ["this machine"]),
    ("clang++", all_modes(NAMED) + random_nets(RANDOM_NETS), ["this machine"]),
    ("aarch64 g++", all_modes(NAMED) + random_nets(RANDOM_NETS), ["aarch64 by QEMU"]),
    ("M0 g++", all_modes(["sensors"]), ["microbit"]),
    ("M0 clang++", all_modes(["sensors"]), ["microbit"]),
    ("M3 g++", ["small_images"], ["lm3s6965evb"]),
    ("M3 clang++", ["small_images"], ["lm3s6965evb"]),
    ("M0 g++", all_modes(NAMED), ["mps2-an385"]),
    ("M0 clang++", all_modes(NAMED), ["mps2-an385"]),
    ("M3 g++", all_modes(NAMED) + random_nets(6), ["mps2-an385"]),
    ("M3 clang++", all_modes(NAMED), ["mps2-an385"]),
    ("RV32 g++", all_modes(NAMED), ["virt rv32", "virt ibex"]),
    ("M0 g++", ["digits_infer"], ["mps2-an385"]),  # the code of what predicts only
    ("M3 g++", ["digits_infer"], ["mps2-an385"]),
    ("RV32 g++", ["digits_infer"], ["virt rv32"]),
    ("RV32 clang++", all_modes(NAMED), ["virt rv32", "virt ibex"]),
]

# Compilers whose products are counted by themselves, and where.
PRODUCTS = [("M0 g++", "mps2-an385"), ("M0 clang++", "mps2-an385"), ("M3 g++", "mps2-an385"), ("M3 clang++", "mps2-an385"), ("RV32 g++", "virt rv32")]

# No floating point, heap, text or C++ runtime.
FORBIDDEN = re.compile(r"^(__aeabi_([fd]\w+|\w+2[fd]|[ul]+2[fd])|__\w+[sdt]f[23i]?\w*|__float\w+|__fix\w+|malloc|calloc|realloc|free|_sbrk|\w*printf|"
                       r"_Zn[wa]\w*|_Zd[la]\w*|__cxa_\w+|__gxx_\w+)$")


class Failure(Exception):
    pass


def run(command, seconds=600, **more):
    result = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, text=True, **more)
    if result.returncode != 0:
        raise Failure(f"exit status {result.returncode}: {' '.join(str(c) for c in command)}\n{result.stdout[:1500]}")
    return result.stdout


class Checks:
    passed = failed = 0

    def __call__(self, right, what):
        if right:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{'ok     ' if right else 'FAILED '} {what}", flush=True)
        return right


class Build:
    def __init__(self, folder, pool):
        self.folder, self.pool = folder, pool
        makefile = (folder / "Makefile").read_text()
        # As users compile it.
        self.flags = re.search(r"g\+\+ (.*) \$\(FLAGS\)", makefile)[1].replace("src/types", str(folder / "src/types")).split()
        self.warnings = ["-Wall", "-Wextra", "-Werror"]

    def compile(self, compiler, source, output, *more):
        flags = [f for f in self.flags if not (compiler.host and f in ("-ffreestanding",))]
        if compiler.host:  # the test's own part prints
            flags = [f for f in flags if f not in ("-Os",)] + ["-O1"]
            if source.parent == HERE or source.name == "nets.cc":
                flags = [f for f in flags if f != "-nostdinc++" and "src/types" not in f and f != "-isystem"]
        run([*compiler.command, *flags, *self.warnings, *more, "-I", self.folder / "src", "-c", "-o", output, source])
        return output

    def objects(self, compiler, place):
        """The sources that all nets share."""
        place.mkdir(parents=True, exist_ok=True)
        sources = sorted([*(self.folder / "src/micro").glob("*.cc"), *(self.folder / "src/ops").glob("*/*.cc")])
        return [self.pool.submit(self.compile, compiler, s, place / (s.parent.name + "_" + s.stem + ".o")) for s in sources]

    def program(self, compiler, nets, machine, objects):
        """Of nets; of none: count_products."""
        place = self.folder / "programs" / f"{compiler.name}-{machine.name}-{len(nets)}".replace(" ", "_")
        place.mkdir(parents=True, exist_ok=True)
        # Beside the net that learns there lm3s6965evb has no RAM left for a saved state, which a real one has flash for.
        (place / "nets.cc").write_text(nets_source(nets, self.folder, machine.name != "lm3s6965evb"))
        startup = [f"-DINSTRUCTIONS_A_TICK={machine.instructions_a_tick}"]
        if machine.startup == "riscv":
            startup = ZICSR if compiler.command[0] != "clang++" else []
        own = [self.compile(compiler, HERE / f"{machine.startup}.cc", place / "startup.o", *startup)]
        if nets:
            own.append(self.compile(compiler, place / "nets.cc", place / "nets.o"))
        own.append(self.compile(compiler, HERE / ("learn.cc" if nets else "count_products.cc"), place / "learn.o"))
        first = HERE / f"{machine.startup}_start.S"
        if first.exists():
            run([*compiler.command, *startup, "-c", "-o", place / "first.o", first])
            own.append(place / "first.o")
        shared = [o.result() for o in objects]
        elf = place / "program"
        if compiler.host:
            run([*compiler.command, "-static", "-o", elf, *own, *shared])
            return elf
        builtin = "-fno-builtin" if "clang" in compiler.name else "-fno-tree-loop-distribute-patterns"
        own.append(self.compile(compiler, HERE / "memory.cc", place / "memory.o", builtin))
        script = (HERE / f"{machine.startup}.ld").read_text()
        script = script.replace("FLASH_BYTES", str(machine.flash)).replace("RAM_BYTES", str(machine.ram))
        (place / "link.ld").write_text(re.sub(r"/\*.*?\*/", "", script, flags=re.S))
        libgcc = run(compiler.libgcc).strip()
        linker = compiler.tools + "ld"
        more = ["-m", "elf32lriscv"] if machine.startup == "riscv" else []
        run([linker, *more, "--gc-sections", "--no-warn-rwx-segments", "-T", place / "link.ld", "-Map", place / "map", "-o", elf, *own, *shared,
             libgcc])
        return elf


def check_symbols(check, compiler, machine, nets, folder, elf):
    names = [line.split()[-1] for line in run([compiler.tools + "nm", elf]).splitlines()]
    found = sorted({n for n in names if FORBIDDEN.match(n)})
    sections = dict(re.findall(r"^(\.\w+)\s+(\d+)", run([compiler.tools + "size", "-A", elf]), re.M))
    code, stated = int(sections[".text"]), max(expected(folder, net)[3] for net in nets)
    kind = f"{machine.name}, {compiler.name}"
    check(not found, f"{kind}: " + ("there is " + " ".join(found) if found else "no float, heap or text"))
    line = f"{kind}: {code} bytes of code for {nets[0]} and {len(nets) - 1} more, the test's own among them; {stated} stated of one"
    if compiler.counted:
        check(code <= stated, line)
    else:
        print(f"        {line}")


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
    wrong = [net for net in nets if results.get(net, ())[:2] != expected(folder, net)[:2]]
    kind = f"{machine.name}, {compiler.name}"
    check(not wrong, f"{kind}: {len(nets) - len(wrong)} of {len(nets)} nets end as in the library" + (": not " + " ".join(wrong) if wrong else ""))
    for net in nets:
        if net not in results or not machine.flash:
            continue
        _, signature, instructions, stack = results[net]
        stated = expected(folder, net)[2]
        if stack > stated:
            check(False, f"{kind}, {net}: {stack} bytes of stack, {stated} stated")
        if not machine.counts() or not net.startswith(tuple(NAMED)):
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
    version = run([compiler.command[0], "-dumpfullversion"]).strip()
    if not version.startswith(compiler.counted):
        print(f"skipped the bar of {key}: it is of g++ {compiler.counted}, this is {version}")
    elif key not in bars:
        check(False, f"{line}: no bar in {BARS.name}")
    else:
        check(value <= bars[key] * TOLERANCE, f"{line} (bar {bars[key]:,})")


def judge_products(check, bars, counted, compiler, machine, output):
    kind = f"{machine.name}, {compiler.name}"
    check(f"random shapes that agree {RANDOM_SHAPES}\n" in output, f"{kind}: products of {RANDOM_SHAPES} random shapes as the references")
    for name, *numbers in re.findall(r"^(\w+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", output, re.M):
        multiplies, *counts = map(int, numbers)
        before, after = (" ".join(f"{c / multiplies:.2f}" for c in part) for part in (counts[:3], counts[3:]))
        key = f"{kind}, {name}"
        hold(check, bars, counted, compiler, key, sum(counts[3:]), f"{key}: {after} instructions a multiply-accumulate, references {before}")


def read_bars():
    if not BARS.exists():
        return {}
    rows = [line.rsplit(":", 1) for line in BARS.read_text().splitlines() if line and not line.startswith("#")]
    return {key: int(value) for key, value in rows}


def write_bars(counted):
    head = ("# Instructions as micro_test.py --write-bars counted them: of a sample, that is of a training step or (infer) of a prediction; of the three\n"
            "# products of a layer.\n")
    bars = read_bars() | {key: value for key, value in counted.items()}
    BARS.write_text(head + "".join(f"{key}: {value}\n" for key, value in sorted(bars.items())))


def missing_for(compiler, machine):
    missing = compiler.missing()
    if machine.emulator and shutil.which(machine.emulator[0]) is None:
        missing.append(machine.emulator[0])
    return missing


def main():
    firmware_nets, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    only = [a for a in sys.argv[3:] if a != "--write-bars"]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run([firmware_nets, folder, RANDOM_NETS])
    check, bars, counted = Checks(), read_bars(), {}
    with ThreadPoolExecutor(os.cpu_count()) as compile_pool, ThreadPoolExecutor(os.cpu_count()) as pool:
        build = Build(folder, compile_pool)
        objects, jobs = {}, []
        for name, nets, machines in RUNS + [(name, [], [machine]) for name, machine in PRODUCTS]:
            if only and name not in only:
                continue
            compiler = COMPILERS[name]
            for machine in (MACHINES[m] for m in machines):
                missing = missing_for(compiler, machine)
                if missing:
                    print(f"skipped {machine.name}, {name}: there is no {', '.join(missing)}")
                    continue
                if name not in objects:
                    objects[name] = build.objects(compiler, folder / "objects" / name.replace(" ", "_"))

                def job(compiler=compiler, nets=nets, machine=machine):
                    elf = build.program(compiler, nets, machine, objects[compiler.name])
                    output = run([*machine.emulator, elf])
                    again = run([*machine.emulator, elf]) if machine.counts() and compiler.counted else output
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
            if machine.flash:
                check_symbols(check, compiler, machine, nets, folder, elf)
            if machine.counts() and compiler.counted:
                check(output == again, f"{machine.name}, {compiler.name}: the same when it runs again")
    check_that_symbols_are_found(check, folder)
    if "--write-bars" in sys.argv:
        write_bars(counted)
    print(f"{check.passed} checks of firmware passed, {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
