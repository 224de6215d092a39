// The one seam for everything that crosses samples: batch-norm sums, d_gamma and d_beta, weight gradients, and every maximum that
// sets an exponent go through it, exactly and before any rounding. With one process nothing is to be done; ranks then return the
// same bits.
#pragma once

#include <cstdint>

#include "base/api.h"

namespace intrain {

class INTRAIN_API Reducer {
 public:
  virtual ~Reducer() = default;
  virtual void sum(int64_t* values, int64_t count) = 0;
  virtual void max(int64_t* values, int64_t count) = 0;
};

class INTRAIN_API SingleProcess final : public Reducer {
 public:
  void sum(int64_t*, int64_t) override {}
  void max(int64_t*, int64_t) override {}
};

}  // namespace intrain
