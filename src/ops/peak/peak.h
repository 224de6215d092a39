// The most products an instruction set does: its multiply instruction over registers, and nothing else. For benchmarks; no net calls
// it. Each stands beside the register tile of its ISA (gemm/<isa>.cc).
#pragma once

#include <cstdint>

namespace intrain::ops {

struct PeakArgs {
  int64_t iterations;
  int8_t a;  // 0 to 127: signed instructions hold it too
  int8_t b;
};

struct PeakKernel {
  const char* name;  // the instruction
  int64_t products;  // an iteration
  // Multiplies a by b iterations * products times and returns the sum, mod 2^32.
  uint32_t (*multiply)(const PeakArgs& p);
};

// The plain loop over bytes that the scalar references are.
extern const PeakKernel kPeakReference;

}  // namespace intrain::ops
