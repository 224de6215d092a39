"""Compiles nets for a machine, with the flags that an exported Makefile has, and links them with the files of its board."""
import re
from concurrent.futures import Future
from pathlib import Path
from threading import Lock

from machines import BOARDS, run
from nets_source import nets_source

HERE = Path(__file__).resolve().parent
ANY_RAM = 1 << 32


class Build:
    def __init__(self, folder, pool):
        self.folder, self.pool, self.started, self.lock, self.programs = folder, pool, {}, Lock(), {}
        makefile = (folder / "Makefile").read_text()
        # As users compile it.
        self.flags = re.search(r"g\+\+ (.*) \$\(FLAGS\)", makefile)[1].replace("src/types", str(folder / "src/types")).split()
        self.warnings = ["-Wall", "-Wextra", "-Werror"]

    def compile(self, compiler, source, output):
        flags = self.flags
        if compiler.host:
            flags = [f for f in flags if f not in ("-ffreestanding", "-Os")] + ["-O1"]
            if source.parent == HERE or source.name == "nets.cc":  # the test's own part prints
                flags = [f for f in flags if f != "-nostdinc++" and "src/types" not in f and f != "-isystem"]
        run([*compiler.command, *flags, *self.warnings, "-I", self.folder / "src", "-I", BOARDS.parent, "-c", "-o", output, source])
        return output

    def compile_board(self, compiler, source, output):
        builtin = "-fno-builtin" if "clang" in compiler.name else "-fno-tree-loop-distribute-patterns"
        run([*compiler.command, "-x", "c", "-std=c11", "-Os", "-ffreestanding", "-ffunction-sections", "-fdata-sections", builtin, *self.warnings,
             "-I", BOARDS.parent, "-c", "-o", output, source])
        return output

    def objects(self, compiler):
        """What all programs share: the sources of all nets, and those of the board. Compiled once."""
        with self.lock:
            if compiler.name not in self.started:
                self.started[compiler.name] = [self.pool.submit(*job) for job in self.jobs(compiler)]
            return self.started[compiler.name]

    def jobs(self, compiler):
        place = self.folder / "objects" / compiler.name.replace(" ", "_")
        place.mkdir(parents=True, exist_ok=True)
        sources = sorted([*(self.folder / "src/micro").glob("*.cc"), *(self.folder / "src/ops").glob("*/*.cc")])
        jobs = [(self.compile, compiler, s, place / (s.parent.name + "_" + s.stem + ".o")) for s in sources]
        if compiler.host:
            return [*jobs, (self.compile, compiler, HERE / "host.cc", place / "host.o")]
        return [*jobs, *((self.compile_board, compiler, s, place / f"board_{s.stem}.o") for s in sorted(BOARDS.glob("*.c")))]

    def program(self, compiler, nets, machine):
        """Of nets; of none: count_products. Linked once for machines of one script; what fails, fails for all of them."""
        key = (compiler.name, machine.script, *nets)
        with self.lock:
            first = key not in self.programs
            program = self.programs.setdefault(key, Future())
        if first:
            name = f"{compiler.name}-{machine.script or 'host'}-{nets[0] if nets else 'products'}-{len(nets)}".replace(" ", "_")
            try:
                program.set_result(self.link(compiler, nets, machine, self.folder / "programs" / name))
            except Exception as error:  # noqa: BLE001: whatever it is, those that wait get it
                program.set_exception(error)
        return program.result()

    def link(self, compiler, nets, machine, place):
        place.mkdir(parents=True)
        shared = self.objects(compiler)
        if nets:
            (place / "nets.cc").write_text(nets_source(nets, self.folder, machine.bytes_of("RAM") if machine.script else ANY_RAM))
            own = [self.compile(compiler, place / "nets.cc", place / "nets.o"), self.compile(compiler, HERE / "learn.cc", place / "learn.o")]
        else:
            own = [self.compile(compiler, HERE / "count_products.cc", place / "count.o")]
        own += [o.result() for o in shared]
        elf = place / "program"
        if compiler.host:
            run([*compiler.command, "-static", "-o", elf, *own])
            return elf
        emulation = ["-m", "elf32lriscv"] if machine.script == "virt.ld" else []
        run([compiler.tools + "ld", *emulation, "--gc-sections", "--no-warn-rwx-segments", "-L", BOARDS, "-T", BOARDS / machine.script,
             "-Map", place / "map", "-o", elf, *own, run(compiler.libgcc).strip()])
        return elf
