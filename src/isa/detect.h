// What the CPU tells of itself, one file an architecture: detect_x86.cc, detect_aarch64.cc.
#pragma once

#include <string>

#include "isa/isa.h"

namespace intrain {

#if defined(__x86_64__) || defined(__aarch64__)
// True if this CPU and operating system run what `isa` adds to its parent. False for those of other architectures.
bool cpu_has(Isa isa);
// What the CPU calls itself, as it is; "" where it does not tell.
std::string cpu_brand();
#else
inline bool cpu_has(Isa) { return false; }
inline std::string cpu_brand() { return ""; }
#endif

}  // namespace intrain
