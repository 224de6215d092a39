"""The machines that firmware is run on, what compiles for them, and how either is run."""
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

BOARDS = Path(__file__).resolve().parents[2] / "examples/firmware/boards"
KB = 1024


class Failure(Exception):
    pass


def run(command, seconds=600, **more):
    result = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, text=True, **more)
    if result.returncode != 0:
        raise Failure(f"exit status {result.returncode}: {' '.join(str(c) for c in command)}\n{result.stdout[:1500]}")
    return result.stdout


@dataclass
class Compiler:
    """A compiler with the flags of a processor."""
    name: str
    command: list[str]
    tools: str = ""  # the prefix of nm and size
    libgcc: list[str] = field(default_factory=list)  # the command that names it
    counted: str = ""  # the version that the bars are of
    host: bool = False

    def version(self):
        return run([self.command[0], "-dumpversion" if self.command[0] == "clang++" else "-dumpfullversion"]).strip()

    def missing(self):
        programs = [self.command[0], self.tools + "nm"] + self.libgcc[:1]
        return [p for p in programs if shutil.which(p) is None]


@dataclass
class Machine:
    """A board, as its linker script in examples/firmware/boards/ has it. Of no script: a program of this operating system's, or of the emulator named."""
    name: str
    emulator: list[str]
    script: str = ""
    counts: bool = False  # instructions

    def bytes_of(self, region):
        """FLASH or RAM."""
        size, unit = re.search(rf"{region} \(\w+\) : ORIGIN = \w+, LENGTH = (\d+)([KM])", (BOARDS / self.script).read_text()).groups()
        return int(size) * {"K": KB, "M": KB * KB}[unit]


def cortex_m(machine):
    return ["qemu-system-arm", "-M", machine, "-display", "none", "-serial", "none", "-monitor", "none", "-semihosting-config",
            "enable=on,target=native", "-icount", "shift=0", "-kernel"]


def virt(cpu):
    return ["qemu-system-riscv32", "-M", "virt", "-cpu", cpu, "-m", "32M", "-bios", "none", "-display", "none", "-serial", "none",
            "-monitor", "none", "-semihosting-config", "enable=on,target=native", "-icount", "shift=0", "-kernel"]


M0, M3 = ["-mcpu=cortex-m0", "-mthumb"], ["-mcpu=cortex-m3", "-mthumb"]
RV32 = ["-march=rv32imc", "-mabi=ilp32"]
# What it is linked with: there are no libraries for the compressed form.
RV32_LIBGCC = ["riscv64-unknown-elf-gcc", "-march=rv32im", "-mabi=ilp32", "-print-libgcc-file-name"]
GCC_COUNTED, CLANG_COUNTED = "12.2", "14."
COMPILERS = {c.name: c for c in [
    Compiler("g++", ["g++"], host=True),
    Compiler("clang++", ["clang++"], host=True),
    Compiler("aarch64 g++", ["aarch64-linux-gnu-g++"], "aarch64-linux-gnu-", host=True),
    Compiler("M0 g++", ["arm-none-eabi-g++", *M0], "arm-none-eabi-", ["arm-none-eabi-gcc", *M0, "-print-libgcc-file-name"], GCC_COUNTED),
    Compiler("M3 g++", ["arm-none-eabi-g++", *M3], "arm-none-eabi-", ["arm-none-eabi-gcc", *M3, "-print-libgcc-file-name"], GCC_COUNTED),
    Compiler("RV32 g++", ["riscv64-unknown-elf-g++", *RV32], "riscv64-unknown-elf-", RV32_LIBGCC, GCC_COUNTED),
    Compiler("M0 clang++", ["clang++", "--target=thumbv6m-none-eabi", *M0], "arm-none-eabi-",
             ["arm-none-eabi-gcc", *M0, "-print-libgcc-file-name"]),
    Compiler("M3 clang++", ["clang++", "--target=thumbv7m-none-eabi", *M3], "arm-none-eabi-",
             ["arm-none-eabi-gcc", *M3, "-print-libgcc-file-name"]),
    Compiler("RV32 clang++", ["clang++", "--target=riscv32-unknown-elf", *RV32, "-mno-relax"], "riscv64-unknown-elf-", RV32_LIBGCC, CLANG_COUNTED),
]}
MACHINES = {m.name: m for m in [
    Machine("this machine", []),
    Machine("aarch64 by QEMU", ["qemu-aarch64-static"]),
    Machine("microbit", cortex_m("microbit"), "microbit.ld"),
    Machine("lm3s6965evb", cortex_m("lm3s6965evb"), "lm3s6965evb.ld"),
    Machine("mps2-an385", cortex_m("mps2-an385"), "mps2-an385.ld", counts=True),
    Machine("virt rv32", virt("rv32"), "virt.ld", counts=True),
    Machine("virt ibex", virt("lowrisc-ibex"), "virt.ld", counts=True),
]}
