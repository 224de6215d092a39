"""The machines that firmware is run on, and what compiles for them."""
import shutil
from dataclasses import dataclass, field

KB = 1024


@dataclass
class Compiler:
    """A compiler with the flags of a processor."""
    name: str
    command: list[str]
    tools: str = ""  # the prefix of nm and size
    libgcc: list[str] = field(default_factory=list)  # the command that names it
    counted: str = ""  # the version that the bars are of
    host: bool = False

    def missing(self):
        programs = [self.command[0], self.tools + "nm"] + self.libgcc[:1]
        return [p for p in programs if shutil.which(p) is None]


@dataclass
class Machine:
    """A board. Of no flash: a program of this operating system's, or of the emulator named."""
    name: str
    emulator: list[str]
    flash: int = 0
    ram: int = 0
    startup: str = "host"
    instructions_a_tick: int = 0  # 0: they are not counted

    def counts(self):
        return self.startup == "riscv" or self.instructions_a_tick > 0


def cortex_m(machine):
    return ["qemu-system-arm", "-M", machine, "-display", "none", "-serial", "none", "-monitor", "none", "-semihosting-config",
            "enable=on,target=native", "-icount", "shift=0", "-kernel"]


def virt(cpu, memory):
    return ["qemu-system-riscv32", "-M", "virt", "-cpu", cpu, "-m", f"{memory // KB}K", "-bios", "none", "-display", "none", "-serial", "none",
            "-monitor", "none", "-semihosting-config", "enable=on,target=native", "-icount", "shift=0", "-kernel"]


M0, M3 = ["-mcpu=cortex-m0", "-mthumb"], ["-mcpu=cortex-m3", "-mthumb"]
RV32 = ["-march=rv32imc", "-mabi=ilp32"]
ZICSR = ["-march=rv32imc_zicsr"]  # g++ calls the counters an extension; clang++ 14 does not know its name
# What it is linked with: there are no libraries for the compressed form.
RV32_LIBGCC = ["riscv64-unknown-elf-gcc", "-march=rv32im", "-mabi=ilp32", "-print-libgcc-file-name"]
GCC_COUNTED = "12.2"
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
    Compiler("RV32 clang++", ["clang++", "--target=riscv32-unknown-elf", *RV32, "-mno-relax"], "riscv64-unknown-elf-", RV32_LIBGCC),
]}
VIRT_FLASH, VIRT_RAM = 512 * KB, 512 * KB
VIRT_MEMORY = 32 * KB * KB  # more than those: QEMU writes a description of the machine to its upper half
MACHINES = {m.name: m for m in [
    Machine("this machine", []),
    Machine("aarch64 by QEMU", ["qemu-aarch64-static"]),
    Machine("microbit", cortex_m("microbit"), 256 * KB, 16 * KB, "cortex_m"),
    Machine("lm3s6965evb", cortex_m("lm3s6965evb"), 256 * KB, 64 * KB, "cortex_m"),
    # Its SysTick is of 25 MHz, and an instruction takes a nanosecond.
    Machine("mps2-an385", cortex_m("mps2-an385"), 4096 * KB, 4096 * KB, "cortex_m", 40),
    Machine("virt rv32", virt("rv32", VIRT_MEMORY), VIRT_FLASH, VIRT_RAM, "riscv"),
    Machine("virt ibex", virt("lowrisc-ibex", VIRT_MEMORY), VIRT_FLASH, VIRT_RAM, "riscv"),
]}
