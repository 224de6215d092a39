#!/usr/bin/env python3
"""Holds the include lines of src/ to the architecture. Prints each breach as file:line and exits 1 if there is one.

    tools/check_includes.py [ROOT]        ROOT: the repository (default: the one this script lies in)

1. Folders look one way only (USES below), operators at no other operator but for OP_EDGES.
2. A third-party header stays in the files of its row of LIBRARIES, and in no header of the project.
3. Kernel files, compiled with their instruction set's flags, reach nothing but <cstdint>, <cstddef>, ops/intrinsics.h, base/, their own
   operator's headers and the helpers directly in ops/ (which are held to the same rule): no inline function of the standard library.
4. Quoted paths start at src/, and the file is there.
5. base/ and the operators' references are freestanding: of the library they reach <cstdint> and <cstddef>, of ours base/ and the operator's own
   headers. tools/check_freestanding.sh compiles them so, and what else is arithmetic.
6. The graph that ARCHITECTURE.md draws is that of rule 1.
"""
import re
import sys
from pathlib import Path

# Folder -> the folders its files may include besides itself: those named and what stands beneath them.
BESIDE = {
    "base": "", "core": "base", "ranks": "core", "isa": "core", "ops": "isa", "optim": "ops", "nn": "ops", "models": "nn optim",
    "io": "core", "data": "io", "settings": "io ops", "checkpoint": "settings nn",
    "train": "models data checkpoint", "micro": "ops", "exchange": "train micro", "runs": "train", "analysis": "runs", "report": "analysis",
    "bench": "report", "cli": "bench exchange ranks",
}
USES = {}
for folder, beneath in BESIDE.items():
    USES[folder] = set(beneath.split()).union(*(USES[name] for name in beneath.split()))

# Operator -> operators it may build on.
OP_EDGES = {"conv2d": {"gemm"}, "gemm": {"peak"}}

# Header prefix -> (what may include it, at most how many files).
LIBRARIES = {
    "CLI/": (r"cli/\w+\.cc|cli/\w+\.h", None),  # the command line is its subcommands
    "nlohmann/json_fwd.hpp": (r"(settings/config_json|io/json_read)\.h", None),  # forward declarations only
    "nlohmann/": (r"(io|settings|checkpoint|runs|analysis|bench|cli)/\w+\.cc|exchange/export/\w+\.cc", 11),
    "onnx/": (r"exchange/(export|import)/\w+\.cc", 6),
    "fmt/": (r"(core|train|runs|analysis|report|report/draw|bench|cli)/\w+\.cc|cli/output\.h", None),
    "zlib.h": (r"data/\w+\.cc", 1),
    "jerror.h": (r"data/\w+\.cc", 1),
    "jpeglib.h": (r"data/\w+\.cc", 1),
    "png.h": (r"(data|report/draw)/\w+\.cc", 2),
    "webp/": (r"data/\w+\.cc", 1),
    "tiffio.h": (r"data/\w+\.cc", 1),
    "gif_lib.h": (r"data/\w+\.cc", 1),
    "toml++/": (r"models/\w+\.cc", 1),
    "tensorboard.pb.h": (r"runs/tensorboard\.cc", 1),
    "xxhash.h": (r"core/\w+\.cc", 1),
    "cairo": (r"report/draw/\w+\.cc", 2),
    "mpi.h": (r"ranks/mpi/plugin\.cc", 1),
    "cpuid.h": (r"isa/detect_x86\.cc", 1),
    "immintrin.h": (r"ops/intrinsics\.h", None),
    "arm_neon.h": (r"ops/intrinsics\.h", None),
    "simde/": (r"ops/intrinsics\.h", None),
}
FREESTANDING = {"cstdint", "cstddef"}
KERNEL_SYSTEM = {"cstdint", "cstddef", "immintrin.h", "arm_neon.h", "simde/x86/avx2.h", "simde/x86/avx512.h", "simde/arm/neon.h"}
REFERENCE_FILE = re.compile(r"ops/(?!peak/)\w+/\w*reference\.cc")  # what the peak is measured beside is no arithmetic
# The instruction sets are those of isa.def; the first one has no kernel files.
ISAS = re.findall(r"^INTRAIN_ISA\(\w+, (\w+),", (Path(__file__).resolve().parents[1] / "src/isa/isa.def").read_text(), re.M)[1:]
KERNEL_FILE = re.compile(rf"ops/.*/({'|'.join(ISAS)})(_\w+)?\.cc")

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
# A system header is one of the language or of POSIX if its name is like these; else it is a library and needs a row above.
STANDARD = re.compile(r"[a-z_0-9]+|(assert|dlfcn|errno|fcntl|fnmatch|poll|pthread|signal|unistd|stdlib|string|stdio|time|sched|sys/\w+)\.h")


def read_includes(src):
    """{file relative to src: [(line, quote, name)]}"""
    found = {}
    for path in sorted(p for p in src.rglob("*") if p.suffix in (".h", ".cc", ".def", ".inc")):
        lines = path.read_text().splitlines()
        found[path.relative_to(src).as_posix()] = [
            (n, m[1], m[2]) for n, line in enumerate(lines, 1) if (m := INCLUDE.match(line))]
    return found


def folder_of(name):
    return name.split("/")[0]


def op_of(name):
    parts = name.split("/")
    return parts[1] if parts[0] == "ops" and len(parts) > 2 else None


def check_directions(includes):
    for file, lines in includes.items():
        for line, quote, name in lines:
            if quote == "<":
                if folder_of(file) == "base" and name not in FREESTANDING:
                    yield file, line, f"base is freestanding and may not include <{name}>"
                continue
            if name not in includes:
                yield file, line, f'"{name}" is no file of src/ (paths start there)'
                continue
            here, there = folder_of(file), folder_of(name)
            if here not in USES:
                yield file, line, f"folder {here} is not listed in tools/check_includes.py"
            elif there != here and there not in USES[here]:
                yield file, line, f"{here} may not include {there} ({name})"
            op, other = op_of(file), op_of(name)
            if op and other and op != other and other not in OP_EDGES.get(op, set()):
                yield file, line, f"operator {op} may not include operator {other}"


def check_libraries(includes):
    users = {prefix: set() for prefix in LIBRARIES}
    for file, lines in includes.items():
        for line, quote, name in lines:
            if quote != "<":
                continue
            prefix = next((p for p in LIBRARIES if name.startswith(p)), None)
            if prefix is None:
                if not STANDARD.fullmatch(name):
                    yield file, line, f"<{name}> has no row in tools/check_includes.py"
                continue
            allowed, most = LIBRARIES[prefix]
            users[prefix].add(file)
            if not re.fullmatch(allowed, file):
                yield file, line, f"<{name}> may be included in {allowed} only"
            elif most is not None and len(users[prefix]) > most:
                yield file, line, f"<{name}> is included in more than {most} file(s): {', '.join(sorted(users[prefix]))}"


def check_reach(includes, files, system, what):
    """What the files may reach: the system headers given, base/, their own operator and what it may build on, and the helpers in ops/."""
    for kernel in filter(files.fullmatch, includes):
        seen, queue = {kernel}, [kernel]
        while queue:
            file = queue.pop()
            for line, quote, name in includes.get(file, []):
                if quote == "<":
                    if name not in system:
                        yield file, line, f"<{name}> is reached from the {what} {kernel}"
                    continue
                ours = folder_of(name) == "base" or (
                    folder_of(name) == "ops" and op_of(name) in {None, op_of(kernel)} | OP_EDGES.get(op_of(kernel), set()))
                if not ours:
                    yield file, line, f'"{name}" is reached from the {what} {kernel}'
                elif name not in seen:
                    seen.add(name)
                    queue.append(name)


def check_graph(page):
    """A line of the page is "folder --> those & beside & it"."""
    drawn = {folder: set(beneath.split(" & ")) for folder, beneath in re.findall(r"^ +(\w+) --> (\w+(?: & \w+)*)$", page, re.M)}
    for folder in sorted(BESIDE.keys() | drawn.keys()):
        if drawn.get(folder, set()) != set(BESIDE.get(folder, "").split()):
            yield f"ARCHITECTURE.md draws other arrows from {folder} than BESIDE in tools/check_includes.py"


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    includes = read_includes(root / "src")
    if not includes:
        print(f"error: no source file in {root / 'src'}", file=sys.stderr)
        return 2
    breaches = sorted({*check_directions(includes), *check_libraries(includes),
                       *check_reach(includes, KERNEL_FILE, KERNEL_SYSTEM, "kernel file"),
                       *check_reach(includes, REFERENCE_FILE, FREESTANDING, "reference")})
    for file, line, what in breaches:
        print(f"src/{file}:{line}: {what}")
    page = root / "ARCHITECTURE.md"
    misdrawn = list(check_graph(page.read_text())) if page.exists() else []
    for what in misdrawn:
        print(what)
    kernels = sum(1 for f in includes if KERNEL_FILE.fullmatch(f))
    print(f"{len(includes)} files, {sum(map(len, includes.values()))} includes, {kernels} kernel files: {len(breaches) + len(misdrawn)} breaches")
    return 1 if breaches or misdrawn else 0


if __name__ == "__main__":
    sys.exit(main())
