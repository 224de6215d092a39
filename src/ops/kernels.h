// Which function runs for each kernel: those of the ISA's parent (isa.def), overwritten by its own; the scalar ISA's are the references.
#pragma once

#include "isa/isa.h"
#include "ops/activate/activate.h"
#include "ops/batch_norm/batch_norm.h"
#include "ops/conv2d/conv2d.h"
#include "ops/depthwise/depthwise.h"
#include "ops/error/error.h"
#include "ops/gemm/gemm.h"
#include "ops/kernels.def"
#include "ops/narrow/narrow.h"
#include "ops/peak/peak.h"
#include "ops/pool/pool.h"
#include "ops/quantize/quantize.h"
#include "ops/sgd_momentum/sgd_momentum.h"
#include "ops/sgd_momentum/wageubn.h"
#include "ops/stream/stream.h"
#include "ops/weight_average/weight_average.h"

namespace intrain::ops {

struct Kernels {
  Isa isa;
  // Register tile of the matrix products; null: convolutions and linear layers run their scalar reference.
  const TileKernel* tile;
  const PeakKernel* peak;  // for benchmarks; never null
  // Whose they are: the ISA's own, or of one that it descends from.
  Isa tile_isa, peak_isa;
#define INTRAIN_MEMBER(name, result, parameter, ...) \
  result (*name)(const parameter&);                  \
  Isa name##_isa;
  INTRAIN_KERNELS(INTRAIN_MEMBER)
#undef INTRAIN_MEMBER
};

// isa must be supported.
Kernels make_kernels(Isa isa);

}  // namespace intrain::ops
