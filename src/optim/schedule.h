// Learning-rate schedules in integers.
#pragma once

#include <cstdint>

#include "base/api.h"
#include "base/sgd_step.h"

namespace intrain {

enum class ScheduleKind { kCosine, kStep, kWageubn, kLinear };

constexpr int64_t kMostScheduleSteps = int64_t{1} << 32;

struct Schedule {
  ScheduleKind kind = ScheduleKind::kCosine;
  Scalar10 base;  // peak rate
  int64_t total_steps = 0;
  int64_t warmup_steps = 0;  // linear from base / warmup_steps
  int bits = 10;             // of the rate, 1 to 10
  bool fixed = false;        // the rate lies on the fixed grid 2^-(bits-1), below 1
  int restarts = 0;          // 0 to 1000, of cosine and linear
};

// Rate of step `step` in [0, total_steps): base times a factor with 30 fraction bits, rounded to a mantissa of `bits` significant bits, or
// to the nearest of 1 to 2^(bits-1) - 1 steps of the fixed grid.
//   warm-up (step < warmup): (step + 1) / warmup
//   cosine: (1 + cos(pi p)) / 2, linear: 1 - p; p = (x - begin) / (end - begin), x = step - warmup. Of the n = total - warmup steps after
//           the warm-up, part k of restarts + 1 is those from ceil(k n / (restarts + 1)) = begin up to that of k + 1 = end
//   step:   1, then 1/10 from half, then 1/100 from three quarters of total
//   wageubn: 1, 0.12, 0.06, 0.03, 0.03 by the phase
// The schedule has 1 to 2^32 steps, a warm-up of 0 or more of them, and 1 to 10 bits: 2^30 times a number of steps stays below 2^63.
INTRAIN_API Scalar10 schedule_rate(const Schedule& schedule, int64_t step);
// The same; throws Error for another schedule, and for a step that is none of it.
INTRAIN_API Scalar10 rate_at(const Schedule& schedule, int64_t step);

// Phases of WAGEUBN's training: 0 to 4, the next one from 30, 60, 80 and 90 % of total on.
INTRAIN_API int wageubn_phase(int64_t step, int64_t total);
// log2 dr of its constant quantization of G, for G of `bits` bits: by phase that of 128, 128, 32, 8, 2 for 8 bits, at least 1.
INTRAIN_API int wageubn_range_log2(int phase, int bits);

// value * 2^exp, value >= 0, to the nearest mantissa in [512, 1023] (0 for 0).
INTRAIN_API Scalar10 round_scalar10(int64_t value, int exp);

}  // namespace intrain
