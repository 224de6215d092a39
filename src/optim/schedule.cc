#include "optim/schedule.h"

#include "base/assert.h"
#include "base/rounding.h"

namespace intrain {
namespace {

// cos(pi p / 2^30), 0 <= p <= 2^30, with 30 fraction bits: Taylor series about the nearer of 0 and pi / 2 (|x| <= pi / 4, terms
// up to x^12 / 12!: error below 2^-28), folded by symmetry.
int64_t cos_pi(int64_t p) {
  constexpr int64_t kOne = int64_t{1} << 30, kPi = 3373259426;  // pi 2^30
  if (p > kOne / 2) return -cos_pi(kOne - p);
  const bool sine = p > kOne / 4;
  const int64_t x = rshift_round((sine ? kOne / 2 - p : p) * kPi, 30), square = rshift_round(x * x, 30);
  int64_t term = sine ? x : kOne, sum = term;
  for (int64_t i = sine ? 2 : 1; i < 12; i += 2) {
    term = div_round(-rshift_round(term * square, 30), i * (i + 1));
    sum += term;
  }
  return sum;
}

// Where a step lies among the steps after the warm-up that it shares with no other restart.
struct PartOfSchedule {
  int64_t done, steps;
};
PartOfSchedule part_at(const Schedule& s, int64_t step) {
  const int64_t parts = int64_t{s.restarts} + 1, all = s.total_steps - s.warmup_steps, x = step - s.warmup_steps;
  const auto begin = [&](int64_t part) { return (part * all + parts - 1) / parts; };
  const int64_t part = x * parts / all;  // begin(part) <= x < begin(part + 1)
  return {x - begin(part), begin(part + 1) - begin(part)};
}

int64_t falling_factor(const Schedule& s, int64_t step) {
  constexpr int64_t kOne = int64_t{1} << 30;
  const PartOfSchedule part = part_at(s, step);
  if (s.kind == ScheduleKind::kLinear) return div_round((part.steps - part.done) * kOne, part.steps);
  return rshift_round(kOne + cos_pi(div_round(part.done * kOne, part.steps)), 1);
}

}  // namespace

Scalar10 round_scalar10(int64_t value, int exp) {
  if (value == 0) return {0, 0};
  int shift = bit_length(magnitude(value)) - 10;
  int64_t mantissa = scale_pow2(value, -shift);
  if (mantissa == 1024) {
    mantissa = 512;
    ++shift;
  }
  return {static_cast<int32_t>(mantissa), exp + shift};
}

int wageubn_phase(int64_t step, int64_t total) {
  int phase = 0;
  constexpr int64_t kPercent[] = {30, 60, 80, 90};
  for (const int64_t percent : kPercent) phase += 100 * step >= percent * total ? 1 : 0;
  return phase;
}

int wageubn_range_log2(int phase, int bits) {
  constexpr int kDrop[] = {0, 0, 2, 4, 6};
  INTRAIN_ASSERT(phase >= 0 && phase <= 4);
  const int log2 = bits - 1 - kDrop[phase];
  return log2 > 1 ? log2 : 1;
}

Scalar10 schedule_rate(const Schedule& s, int64_t step) {
  constexpr int64_t kOne = int64_t{1} << 30, kPercent[] = {100, 12, 6, 3, 3};
  INTRAIN_ASSERT(step >= 0 && step < s.total_steps && s.total_steps <= kMostScheduleSteps && s.warmup_steps >= 0 && s.bits >= 1 &&
                 s.bits <= 10 && s.restarts >= 0 && s.restarts <= 1000);
  int64_t factor = kOne;
  if (step < s.warmup_steps)
    factor = div_round((step + 1) * kOne, s.warmup_steps);
  else if (s.kind == ScheduleKind::kCosine || s.kind == ScheduleKind::kLinear)
    factor = falling_factor(s, step);
  else if (s.kind == ScheduleKind::kWageubn)
    factor = div_round(kPercent[wageubn_phase(step, s.total_steps)] * kOne, 100);
  else
    factor = 4 * step >= 3 * s.total_steps ? div_round(kOne, 100) : 2 * step >= s.total_steps ? div_round(kOne, 10) : kOne;
  if (s.fixed) {
    const int grid = s.bits - 1;
    const int64_t steps = scale_pow2(s.base.mantissa * factor, s.base.exp - 30 + grid);
    return {static_cast<int32_t>(clamp(steps, 1, (int64_t{1} << grid) - 1)), -grid};
  }
  return round_scalar10(round_significant(s.base.mantissa * factor, s.bits), s.base.exp - 30);
}

}  // namespace intrain
