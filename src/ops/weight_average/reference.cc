#include "base/random.h"
#include "base/rounding.h"
#include "ops/weight_average/weight_average.h"

namespace intrain::ops {

void weight_average_reference(const WeightAverage& p) {
  const RandomStream stream{p.seed, RandomUse::kAverage, p.tensor, p.step};
  Philox4 words{};
  for (int64_t i = p.begin; i < p.end; ++i) {
    if (i % 4 == 0) words = stream.block(static_cast<uint64_t>(i / 4));
    const int64_t difference = int64_t{p.master[i]} - p.average[i];
    p.average[i] = static_cast<int32_t>(p.average[i] + rshift_stochastic(difference, p.shift, words.word[i % 4]));
  }
}

int average_shift(int most, int64_t step) {
  const int early = bit_length(static_cast<uint64_t>(step) + 1) - 1;
  return early < most ? early : most;
}

// To nearest: once the statistic is within 2^(shift - 1) of it the average stays where it is. A unit is 2^-32 of a mean or a variance (kRunningExp),
// so that is 2^-17 at most, with a shift of 16: too little to be worth random bits.
void statistics_average_reference(const int64_t* statistics, int64_t count, int shift, int64_t* average) {
  for (int64_t i = 0; i < count; ++i) average[i] += rshift_round(statistics[i] - average[i], shift);
}

}  // namespace intrain::ops
