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
    found = re.search(rf"#define INTRAIN_{name} (\d+)", (folder / net / "intrain_net.h").read_text())
    return int(found[1]) if found else 0


def nets_source(nets, folder, ram):
    """All nets as one file: each in a namespace, and its C functions by other names. Of those that learn the states are saved and loaded, too, where
    `ram` bytes hold an arena, a slot and a stack."""
    arena = max((header_number(folder, net, "ARENA_BYTES") for net in nets), default=0)
    text = ["#include <stdint.h>", "#include <stddef.h>", *includes_of(nets, folder), f'#include "{HERE}/learn.h"']
    slot = 0
    for net in nets:
        header = (folder / net / "intrain_net.h").read_text()
        functions = sorted(set(re.findall(r"\b(intrain_\w+)\(", header)))
        macros = sorted(set(re.findall(r"^#define (INTRAIN_\w+)", header, re.M)))
        learns = "#define INTRAIN_LEARNS 0" not in header
        text += [f"#undef {m}" for m in macros]
        text += [f"#define {f} {net}_{f}" for f in functions]
        text += [f"namespace {net} {{", f'#include "{folder}/{net}/intrain_net.cc"', f'#include "{folder}/{net}/samples.h"',
                 "constexpr int32_t kCount = sizeof kSamples / sizeof kSamples[0];",
                 "uint32_t show(uint64_t* arena, int32_t i, uint32_t sum) {"]
        if learns:
            text += ["  return sum * 31 + static_cast<uint32_t>(intrain_train_step(arena, kSamples[i] + 1, kSamples[i][0]));"]
        else:
            text += ["  const int32_t* logits;", "  intrain_predict(arena, kSamples[i] + 1, &logits);",
                     "  for (int32_t c = 0; c < INTRAIN_CLASSES; ++c) sum = sum * 31 + static_cast<uint32_t>(logits[c]);", "  return sum;"]
        signature = keep = "nullptr"
        text += ["}"]
        if learns:
            signature = "[](uint64_t* arena) { return intrain_signature(arena); }"
        slot_of_net = header_number(folder, net, "STATE_BYTES")
        if learns and arena + max(slot, slot_of_net) + STACK_BYTES <= ram:
            slot, keep = max(slot, slot_of_net), "keep"
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
    """The nets that the machine has the RAM for, in lists that it has the flash for."""
    flash, lists, left = machine.bytes_of("FLASH") - CODE_BYTES, [], 0
    for net in nets:
        if header_number(folder, net, "ARENA_BYTES") + STACK_BYTES > machine.bytes_of("RAM"):
            continue
        takes = NET_BYTES + Expected(folder, net).constants + (folder / net / "samples.h").stat().st_size // 2  # a number has 2 bytes of text or more
        if not lists or takes > left:
            lists.append([])
            left = flash
        lists[-1].append(net)
        left -= takes
    return lists
