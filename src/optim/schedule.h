// Learning-rate schedules in integers.
#pragma once

#include <cstdint>

#include "ops/sgd_momentum/sgd_momentum.h"

namespace intrain {

enum class ScheduleKind { kCosine, kStep };

struct Schedule {
  ScheduleKind kind = ScheduleKind::kCosine;
  ops::Scalar10 base;  // peak rate
  int64_t total_steps = 0;
  int64_t warmup_steps = 0;  // linear from base / warmup_steps
  int bits = 10;             // of the rate, 1 to 10
};

// Rate of step `step` in [0, total_steps): base times a factor with 30 fraction bits, rounded to a mantissa of `bits` significant bits.
//   warm-up (step < warmup): (step + 1) / warmup
//   cosine: (1 + cos(pi p)) / 2, p = (step - warmup) / (total - warmup)
//   step:   1, then 1/10 from half, then 1/100 from three quarters of total
ops::Scalar10 rate_at(const Schedule& schedule, int64_t step);

// value * 2^exp, value >= 0, to the nearest mantissa in [512, 1023] (0 for 0).
ops::Scalar10 round_scalar10(int64_t value, int exp);

}  // namespace intrain
