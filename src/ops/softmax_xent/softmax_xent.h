// Softmax cross-entropy with label smoothing s, its gradient: (p - target) / batch, target = (1 - s) onehot + s / classes
// (Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016, section 7).
//
// For one row of logits x (exponent e), d = max x - x:
//   t = round(d log2(e)) with 16 fraction bits = scale_pow2(d * 1549082005, e - 30 + 16)
//       1549082005 = log2(e) 2^30; d < 2^32, so the product is below 2^63
//   u = 2^-t with 32 fraction bits: the product of the 16 constants round(2^32 2^-2^-j) over the set fraction bits of t, rounded
//       after each, then shifted by the integer part; 0 from t = 32 on. Relative error below 16 * 2^-32 + 2^-17 ln 2 from t.
//   p = div_round(u 2^30, sum of u)                                                            classes <= 2^16
//   target = floor(s 2^30 / classes), and at the label what the others leave of 2^30: all sum to 2^30
//   err = div_round((p - target) 2^K, batch), K = floor(log2 batch)                            |err| <= 2^30
// The exponent of err is -30 - K.
#pragma once

#include <cstdint>

namespace intrain::ops {

constexpr int kMaxClasses = 1 << 16;  // sum of u below 2^48

// acc = clamp(acc + bias, +-(2^31 - 1)) in place, `rows` rows of `classes`: the logits, from a product and the bias at its exponent.
void logits_reference(int32_t* acc, const int32_t* bias, int64_t rows, int classes);

// batch: the samples of the whole step (all ranks). smoothing: s 2^30, 0 .. 2^30. Returns max |err| of the row.
uint32_t softmax_xent_reference(const int32_t* logits, int classes, int exp, int label, int64_t batch, int64_t smoothing,
                                int32_t* err);
// Of an image that is mixed from two (mixup: Zhang et al., "mixup: Beyond empirical risk minimization", ICLR 2018): with t0 = floor(s 2^30 /
// classes) and rest = 2^30 - classes t0, target = t0, at the other label floor(rest other_share / 2^8) more, and at the label what that leaves of
// the rest. 0 <= other_share <= 2^8; none is softmax_xent_reference, bit by bit.
uint32_t softmax_xent_mixed_reference(const int32_t* logits, int classes, int exp, int label, int other_label, int other_share,
                                      int64_t batch, int64_t smoothing, int32_t* err);
int softmax_xent_exp(int64_t batch);

// 2^-t, t with 16 fraction bits, t >= 0; the result has 32 fraction bits.
uint64_t exp2_neg(uint64_t t_q16);

}  // namespace intrain::ops
