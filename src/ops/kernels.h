// Which function runs for each kernel: the scalar reference first, overwritten by what the ISA has.
#pragma once

#include "base/api.h"
#include "isa/isa.h"
#include "ops/activate/activate.h"
#include "ops/batch_norm/batch_norm.h"
#include "ops/conv2d/conv2d.h"
#include "ops/depthwise/depthwise.h"
#include "ops/error/error.h"
#include "ops/gemm/gemm.h"
#include "ops/narrow/narrow.h"
#include "ops/peak/peak.h"
#include "ops/pool/pool.h"
#include "ops/quantize/quantize.h"
#include "ops/sgd_momentum/sgd_momentum.h"
#include "ops/sgd_momentum/wageubn.h"
#include "ops/stream/stream.h"

namespace intrain::ops {

struct Kernels {
  Isa isa;
  // Register tile of the matrix products; null: convolutions and linear layers run their scalar reference.
  const TileKernel* tile;
  const PeakKernel* peak;  // for benchmarks; never null
#define INTRAIN_KERNEL(name, result, parameter) \
  result (*name)(const parameter&);             \
  Isa name##_isa;
#include "ops/kernels.def"
#undef INTRAIN_KERNEL
};

// isa must be supported.
INTRAIN_API Kernels make_kernels(Isa isa);

}  // namespace intrain::ops
