#!/usr/bin/env python3
"""Proves that a training step holds no floating-point arithmetic: disassembles its objects and looks at every instruction.

    tools/check_no_float.py BUILD_DIR...     the objects of the folders below in each CMake build folder
    tools/check_no_float.py FILE.o...        these objects

Denied are floating-point arithmetic, comparison, conversion and rounding of any width, all of x87, and any symbol, called or defined,
of libm, of the soft-float helpers or with float or double in its signature. Moves, shuffles, masks and bit logic that carry ps, pd, ss
or sd in their names are allowed: compilers use them on integers. So is fmov of 64-bit ARM, but for constants. A mnemonic that looks like
floating point and is on neither list fails, so a new instruction cannot slip through. An object says for which of the two architectures
it is, x86-64 or 64-bit ARM. Exit status: 0 clean, 1 floating point found, 2 nothing could be inspected.
"""
import collections
import re
import shutil
import subprocess
import sys
from pathlib import Path

# What a training step is made of, as CMake names the objects.
FOLDERS = ["core", "isa", "ops", "nn", "optim", "micro", "models", "data"]
SINGLE_OBJECTS = ["intrain_train.dir/src/train/step.cc.o"]

PREFIXES = {"data16", "addr32", "cs", "ds", "es", "fs", "gs", "ss", "rep", "repz", "repnz", "lock", "bnd", "notrack"}

# x86-64. Integer instructions whose names end like floating-point ones: vpmaxsd, vpdpbusd, pabsd, push, tdpbusd, clflush ...
INTEGER = re.compile(r"v?p(?!erm|f)[a-z0-9]+|tdpb[su][su]d|clflush")

LOOKS_FLOAT = re.compile(r"f.*|v?4?fn?m(add|sub).*|.*cvt.*|.*(ps|pd|ss|sd|ph|sh|bf16|mxcsr)|pf[a-z]+")

ALLOWED = re.compile(
    r"v?mov(aps|apd|ups|upd|ss|sd|hps|hpd|lps|lpd|hlps|lhps|ntps|ntpd|shdup|sldup|ddup|mskps|mskpd)"
    r"|v?(and|andn|or|xor)p[sd]"
    r"|v?(shuf|unpck[lh]|blend|blendv)p[sd]|v?(insert|extract)ps"
    r"|vblendmp[sd]|vbroadcasts[sd]|vbroadcastf\w+|vinsertf\w+|vextractf\w+|vshuff\w+"
    r"|vperm2f128|vperm(il|t2|i2)?p[sd]|vmaskmovp[sd]|v(gather|scatter)[dq]p[sd]|v(compress|expand)p[sd]|vtestp[sd]")

T = r"(ps|pd|ss|sd|ph|sh|pbf16|nepbf16)"  # the operand types
DENIED = re.compile(
    r"f\w*|pf\w+|v?(ld|st)mxcsr"
    rf"|v?(add|sub|mul|div|sqrt|min|max|rcp|rsqrt|rcp14|rsqrt14|rcp28|rsqrt28|exp2|addsub|hadd|hsub|dp|round){T}"
    rf"|v?cmp\w*{T}|v?u?com[ix]{T}|v?u?comx{T}"
    r"|v?cvt\w+"
    rf"|v(rndscale|scalef|getexp|getmant|reduce|range|fixupimm|fpclass|f?c?maddc|fc?mulc|minmax){T}"
    rf"|v4?fn?m(add|sub|addsub|subadd)\w*{T}|vfm(addsub|subadd)\w*{T}|v4fn?madd{T}|vdpbf16ps|vdpphps|vfc?maddc\w+"
    r"|tdp(bf16|fp16)ps|tcmm\w+ps")

# 64-bit ARM: what begins with f is floating point but for fmov between registers; so are conversions of integers, and the instructions of
# bfloat16, whose prefix those of bit fields share.
ARM_LOOKS_FLOAT = re.compile(r"f.*|bf.*|.*cvt.*")
ARM_INTEGER = re.compile(r"bf(i|m|c|xil)")
ARM_MOVE = re.compile(r"fmov\s+[^#]*")

LIBM = ("sqrt cbrt hypot exp exp2 exp10 expm1 log log2 log10 log1p pow sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh "
        "floor ceil round trunc rint nearbyint lround llround lrint llrint fma fmod remainder remquo fmin fmax fdim fabs copysign "
        "ldexp frexp modf scalbn scalbln logb ilogb nextafter erf erfc tgamma lgamma strtod strtof strtold atof").split()
DENIED_SYMBOL = re.compile(
    rf"_?_?({'|'.join(LIBM)})[fl]?(@.*)?"
    r"|__(add|sub|mul|div|neg|cmp|unord|eq|ne|lt|le|gt|ge|pow)[hsdxtb]f\w*"
    r"|__(fix|fixuns)[hsdxtb]f\w*|__float(un)?\w*[hsdxtb]f|__(extend|trunc)[hsdxtb]f[hsdxtb]f2"
    r"|std::__detail::_Prime_rehash_policy::.*"  # unordered containers size themselves in floating point
    r"|.*\b(float|double|_Float16|__float128|__bf16)\b.*")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def judge_arm(instruction):
    """The same of 64-bit ARM, of an instruction with its operands."""
    mnemonic = instruction.split()[0]
    if mnemonic in (".inst", "udf"):
        return "unknown to the disassembler"
    if ARM_INTEGER.fullmatch(mnemonic) or ARM_MOVE.fullmatch(instruction) or not ARM_LOOKS_FLOAT.fullmatch(mnemonic):
        return None
    return "floating point"


def judge(mnemonic):
    """None if the instruction of x86-64 is no floating-point arithmetic, else why it is refused."""
    if mnemonic == "(bad)":
        return "unknown to the disassembler"
    if INTEGER.fullmatch(mnemonic):
        return None
    if DENIED.fullmatch(mnemonic):
        return "floating point"
    if ALLOWED.fullmatch(mnemonic) or not LOOKS_FLOAT.fullmatch(mnemonic):
        return None
    return "looks like floating point and is on no list of tools/check_no_float.py"


def machine_of(obj):
    """x86_64 or aarch64, as the header of the ELF file says."""
    header = Path(obj).read_bytes()[:20]
    machines = {62: "x86_64", 183: "aarch64"}
    if header[:4] != b"\x7fELF" or (machine := int.from_bytes(header[18:20], "little")) not in machines:
        sys.exit(f"error: {obj} is no object of x86-64 or 64-bit ARM")
    return machines[machine]


def inspect(obj):
    """(instructions seen, [findings]) of one object file."""
    count, findings, function = 0, [], "?"
    machine = machine_of(obj)
    objdump = [f"{machine}-linux-gnu-objdump"] if shutil.which(f"{machine}-linux-gnu-objdump") else ["objdump"]
    objdump += ["-d", "-C", "--no-show-raw-insn", *(["-M", "intel"] if machine == "x86_64" else [])]
    for line in run(*objdump, str(obj)).splitlines():
        if header := re.fullmatch(r"[0-9a-f]+ <(.*)>:", line):
            function = header[1] if len(header[1]) < 120 else header[1][:117] + "..."
            continue
        if not (instruction := re.match(r"\s*[0-9a-f]+:\t(.+)", line)):
            continue
        words = instruction[1].split("//")[0].split() if machine == "aarch64" else instruction[1].split()
        while machine == "x86_64" and len(words) > 1 and (words[0] in PREFIXES or words[0].startswith(("rex", "{"))):
            words.pop(0)
        count += 1
        if why := judge(words[0]) if machine == "x86_64" else judge_arm(" ".join(words)):
            findings.append(f"{function}: {' '.join(words)}: {why}")
    for line in run("nm", "-C", str(obj)).splitlines():
        symbol = re.sub(r"^[0-9a-f]*\s+[A-Za-z]\s", "", line).strip()
        if DENIED_SYMBOL.fullmatch(symbol):
            findings.append(f"symbol {symbol}: floating point")
    return count, findings


def objects_of(argument):
    """[(group, object)] of a build folder or a single object file."""
    path = Path(argument)
    if not path.is_dir():
        return [("file", path)]
    found = []
    for folder in FOLDERS:
        found += [(folder, o) for o in sorted((path / f"CMakeFiles/intrain_{folder}.dir").rglob("*.o"))]
    for single in SINGLE_OBJECTS:
        obj = path / "CMakeFiles" / single
        if not obj.exists():
            sys.exit(f"error: {obj} is not there: build first")
        found.append(("train/step", obj))
    return found


def main():
    if not sys.argv[1:] or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 2
    failed = False
    for argument in sys.argv[1:]:
        totals = collections.defaultdict(lambda: [0, 0])
        findings = []
        for group, obj in objects_of(argument):
            count, found = inspect(obj)
            totals[group][0] += 1
            totals[group][1] += count
            findings += [f"  {obj.name if group == 'file' else obj}: {f}" for f in found]
        instructions = sum(t[1] for t in totals.values())
        if instructions == 0:
            print(f"error: no instruction found in {argument}", file=sys.stderr)
            return 2
        for group, (objects, count) in totals.items():
            print(f"  {group:<11}{objects:4} objects {count:9} instructions")
        print("\n".join(findings[:40]) + ("\n" if findings else "") +
              f"{argument}: {instructions} instructions, {len(findings)} floating-point findings")
        failed |= bool(findings)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
