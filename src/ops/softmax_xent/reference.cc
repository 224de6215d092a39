#include "base/rounding.h"
#include "ops/softmax_xent/softmax_xent.h"

namespace intrain::ops {
namespace {

constexpr int64_t kOne = int64_t{1} << 30;
constexpr uint64_t kLog2E = 1549082005;  // log2(e) 2^30
// round(2^32 2^-2^-j), j = 1..16.
constexpr uint64_t kRoots[16] = {3037000500, 3611622603, 3938502376, 4112874773, 4202935003, 4248701965, 4271771996, 4283353945,
                                 4289156690, 4292061010, 4293513907, 4294240540, 4294603903, 4294785595, 4294876445, 4294921870};

}  // namespace

void logits_reference(int32_t* acc, const int32_t* bias, int64_t rows, int classes) {
  for (int64_t i = 0; i < rows * classes; ++i)
    acc[i] = static_cast<int32_t>(clamp(int64_t{acc[i]} + bias[i % classes], -INT32_MAX, INT32_MAX));
}

uint64_t exp2_neg(uint64_t t_q16) {
  if (t_q16 >> 16 >= 32) return 0;
  uint64_t u = uint64_t{1} << 32;
  for (int j = 1; j <= 16; ++j)
    if (t_q16 >> (16 - j) & 1) u = (u * kRoots[j - 1] + (uint64_t{1} << 31)) >> 32;
  return static_cast<uint64_t>(rshift_round(static_cast<int64_t>(u), static_cast<int>(t_q16 >> 16)));
}

int softmax_xent_exp(int64_t batch) { return -30 - (bit_length(static_cast<uint64_t>(batch)) - 1); }

namespace {

// target(c) in 2^-30.
template <class Target>
inline uint32_t row_error(const int32_t* logits, int classes, int exp, int64_t batch, const Target& target, int32_t* err) {
  int64_t max = logits[0];
  for (int c = 1; c < classes; ++c) max = logits[c] > max ? logits[c] : max;
  const auto exponential = [&](int c) {
    const uint64_t d = static_cast<uint64_t>(max - logits[c]);
    return static_cast<int64_t>(exp2_neg(static_cast<uint64_t>(scale_pow2(static_cast<int64_t>(d * kLog2E), exp - 14))));
  };
  int64_t sum = 0;
  for (int c = 0; c < classes; ++c) sum += exponential(c);
  const int log2 = bit_length(static_cast<uint64_t>(batch)) - 1;
  uint32_t largest = 0;
  for (int c = 0; c < classes; ++c) {
    const int64_t p = div_round(exponential(c) << 30, sum) - target(c);
    const int64_t e = div_round(p * (int64_t{1} << log2), batch);
    err[c] = static_cast<int32_t>(e);
    if (magnitude(e) > largest) largest = static_cast<uint32_t>(magnitude(e));
  }
  return largest;
}

}  // namespace

uint32_t softmax_xent_reference(const int32_t* logits, int classes, int exp, int label, int64_t batch, int64_t smoothing,
                                int32_t* err) {
  const int64_t target = smoothing / classes, label_target = kOne - (classes - 1) * target;
  return row_error(
      logits, classes, exp, batch, [&](int c) { return c == label ? label_target : target; }, err);
}

uint32_t softmax_xent_mixed_reference(const int32_t* logits, int classes, int exp, int label, int other_label, int other_share,
                                      int64_t batch, int64_t smoothing, int32_t* err) {
  const int64_t target = smoothing / classes, rest = kOne - classes * target, other = rest * other_share >> 8;
  const auto more = [&](int c) { return (c == label ? rest - other : 0) + (c == other_label ? other : 0); };
  return row_error(
      logits, classes, exp, batch, [&](int c) { return target + more(c); }, err);
}

}  // namespace intrain::ops
