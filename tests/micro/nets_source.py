"""Nets of firmware as one source, so that one program runs them all; and what each must come to."""
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
STACK_BYTES = 2560  # the stack of a net that learns, and the program's own
CODE_BYTES = 49152  # of flash, of all nets
NET_BYTES = 2048  # and what each has of its own beside constants and samples: its tables and functions


def includes_of(nets, folder):
    """Headers of the sources that the nets' own files include, which a namespace must not hold."""
    found = {line for net in nets for line in (folder / net / "intrain_net.cc").read_text().splitlines() if re.match(r'#include "\w+/', line)}
    return sorted(found)


def header_number(folder, net, name):
    return int(re.search(rf"#define INTRAIN_{name} (\d+)", (folder / net / "intrain_net.h").read_text())[1])


def memory_of(folder, net):
    """Bytes of a net's arena, and of a slot for its state: 0 if it does not learn."""
    state = header_number(folder, net, "STATE_BYTES") if learns(folder, net) else 0
    return header_number(folder, net, "ARENA_BYTES"), state


def learns(folder, net):
    return "#define INTRAIN_LEARNS 0" not in (folder / net / "intrain_net.h").read_text()


def kept(nets, folder, ram):
    """The nets whose states one program saves and loads, too: those that learn, as many as have one arena, one slot and a stack in `ram` bytes."""
    memory = [memory_of(folder, net) for net in nets]
    most = ram - max(arena for arena, _ in memory) - STACK_BYTES
    return [net for net, (_, state) in zip(nets, memory) if 0 < state <= most]


def nets_source(nets, folder, ram):
    """All nets as one file: each in a namespace, and its C functions by other names."""
    keeps = kept(nets, folder, ram)
    arena = max(memory_of(folder, net)[0] for net in nets)
    slot = max((memory_of(folder, net)[1] for net in keeps), default=0)
    text = ["#include <stdint.h>", "#include <stddef.h>", *includes_of(nets, folder), f'#include "{HERE}/learn.h"']
    for net in nets:
        header = (folder / net / "intrain_net.h").read_text()
        functions = sorted(set(re.findall(r"\b(intrain_\w+)\(", header)))
        macros = sorted(set(re.findall(r"^#define (INTRAIN_\w+)", header, re.M)))
        text += [f"#undef {m}" for m in macros]
        text += [f"#define {f} {net}_{f}" for f in functions]
        text += [f"namespace {net} {{", f'#include "{folder}/{net}/intrain_net.cc"', f'#include "{folder}/{net}/samples.h"',
                 "constexpr int32_t kCount = sizeof kSamples / sizeof kSamples[0];",
                 "uint32_t show(uint64_t* arena, int32_t i, uint32_t sum) {"]
        if learns(folder, net):
            text += ["  return sum * 31 + static_cast<uint32_t>(intrain_train_step(arena, kSamples[i] + 1, kSamples[i][0]));"]
        else:
            text += ["  const int32_t* logits;", "  intrain_predict(arena, kSamples[i] + 1, &logits);",
                     "  for (int32_t c = 0; c < INTRAIN_CLASSES; ++c) sum = sum * 31 + static_cast<uint32_t>(logits[c]);", "  return sum;"]
        signature = keep = "nullptr"
        text += ["}"]
        if learns(folder, net):
            signature = "[](uint64_t* arena) { return intrain_signature(arena); }"
        if net in keeps:
            keep = "keep"
            text += ["bool keep(uint64_t* arena) {", "  const intrain_storage storage = {nullptr, read_slot, nullptr, write_slot};",
                     "  const uint64_t before = intrain_signature(arena);", "  if (intrain_save(arena, &storage) == 0) return false;",
                     "  intrain_train_step(arena, kSamples[0] + 1, kSamples[0][0]);",
                     "  return intrain_load(arena, &storage) == 1 && intrain_signature(arena) == before;", "}"]
        text += [f'const FirmwareNet kNetCase = {{"{net}", kCount, intrain_init, show, {signature}, {keep}}};', "}"]
        text += [f"#undef {f}" for f in functions]
    text += [f"uint64_t kArena[{arena // 8 + 1}];", f"uint8_t kSlot[{slot + 1}];", "const FirmwareNet kFirmwareNets[] = {"]
    text += [f"    {net}::kNetCase," for net in nets]
    text += ["};", f"const int32_t kFirmwareNetCount = {len(nets)};", ""]
    return "\n".join(text)


class Expected:
    """Of the library: outputs, signature; of the export: bytes of stack, code and constants."""

    def __init__(self, folder, net):
        _, self.outputs, self.signature, *sizes = (folder / net / "expected").read_text().split()
        self.stack, self.code, self.constants = map(int, sizes)


def fitting(nets, folder, machine):
    """The nets that the machine has the RAM for, in lists that it has the flash for; those last whose state it cannot hold beside the arena."""
    flash, ram, lists = machine.bytes_of("FLASH") - CODE_BYTES, machine.bytes_of("RAM"), []
    fit = [net for net in nets if memory_of(folder, net)[0] + STACK_BYTES <= ram]
    for part in ([net for net in fit if not learns(folder, net) or kept([net], folder, ram)],
                 [net for net in fit if learns(folder, net) and not kept([net], folder, ram)]):
        left = 0
        for net in part:
            takes = NET_BYTES + Expected(folder, net).constants + (folder / net / "samples.h").stat().st_size // 2  # a number has 2 bytes of text or more
            if takes > left:
                lists.append([])
                left = flash
            lists[-1].append(net)
            left -= takes
    return lists
