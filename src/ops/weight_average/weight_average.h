// The exponential average of a stored parameter W, beside it on the same grid 2^-24:
//
//   avg' = avg + (W - avg) / 2^shift        stochastic, so that E avg' is that of exact arithmetic
//
// |W - avg| < 2^32, within what rshift_stochastic takes. With d = W - avg and 0 <= u < 2^shift, floor((d + u) / 2^shift) lies between 0 and d:
// avg' lies between avg and W, and so within their format. Nearest rounding would leave avg up to 2^(shift - 1) away from a W that stays.
//
// Random bits: RandomStream{seed, kAverage, tensor, step}.bits(element).
#pragma once

#include <cstdint>

namespace intrain::ops {

constexpr int kMostAverageShift = 16;

// Elements [begin, end), begin a multiple of 4, end at most 2^34. shift: 0 to kMostAverageShift.
struct WeightAverage {
  const int32_t* master;
  int32_t* average;
  int shift;
  uint64_t seed;
  uint32_t tensor;  // number of the tensor
  uint32_t step;
  int64_t begin, end;
};
void weight_average_reference(const WeightAverage& p);

// The shift of step `step`, counted from 0: `most`, but at first floor(log2(step + 1)): after the first steps avg is about their mean, and no
// trace of the W before them is left.
int average_shift(int most, int64_t step);

// The same of running statistics, of `count` 64-bit numbers within +-kMostStatistic: to nearest, ties to even. avg' lies between avg and the statistic.
constexpr int64_t kMostStatistic = int64_t{1} << 61;
void statistics_average_reference(const int64_t* statistics, int64_t count, int shift, int64_t* average);

}  // namespace intrain::ops
