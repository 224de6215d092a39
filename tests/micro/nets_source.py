"""Nets of firmware as one source, so that one program runs them all; and what each must come to."""
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent


def includes_of(nets, folder):
    """Headers of the sources that the nets' own files include, which a namespace must not hold."""
    found = {line for net in nets for line in (folder / net / "intrain_net.cc").read_text().splitlines() if re.match(r'#include "\w+/', line)}
    return sorted(found)


def nets_source(nets, folder, saves=True):
    """All nets as one file: each in a namespace, and its C functions by other names. `saves`: their states are saved and loaded, too."""
    text = ["#include <stdint.h>", "#include <stddef.h>", *includes_of(nets, folder), f'#include "{HERE}/learn.h"']
    arena = slot = 0
    for net in nets:
        header = (folder / net / "intrain_net.h").read_text()
        functions = sorted(set(re.findall(r"\b(intrain_\w+)\(", header)))
        macros = sorted(set(re.findall(r"^#define (INTRAIN_\w+)", header, re.M)))
        learns = "#define INTRAIN_LEARNS 0" not in header
        arena = max(arena, int(re.search(r"INTRAIN_ARENA_BYTES (\d+)", header)[1]))
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
        if learns and saves:
            slot, keep = max(slot, int(re.search(r"INTRAIN_STATE_BYTES (\d+)", header)[1])), "keep"
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


def expected(folder, net):
    """Of the library: outputs, signature; of the export: bytes of stack and of code."""
    _, outputs, signature, stack, code = (folder / net / "expected").read_text().split()
    return outputs, signature, int(stack), int(code)
