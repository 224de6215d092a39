// The number formats of docs/contract.md as constants, and the bounds that follow from them.
//
// A tensor is integers m with one power-of-two exponent e: value = m * 2^e.
#pragma once

#include <cstdint>

#include "base/rounding.h"

namespace intrain {

constexpr int kS8Max = 127;  // s8 never holds -128
constexpr int kU8Max = 255;
constexpr int kS16Max = 32767;  // s16 never holds -32768

constexpr int kInputExp = -5;                    // image input, in standard deviations
constexpr int kActivationExp = -5;               // u8 after ReLU
constexpr int kRelu6Top = 6 << -kActivationExp;  // ReLU6's largest: a multiple of 2^6, so on every coarser grid of 2 bits or more
constexpr int kResidualExp = -4;                 // u8 after a residual sum and ReLU
constexpr int kSignedExp = -4;                   // s8 after batch norm without ReLU, and after a sum of such: +-8
constexpr int kPooledExp = -5;                   // u8 after the global average
constexpr int kNormalizedExp = -4;               // x_hat, s8: +-8 standard deviations
constexpr int kFineExp = -8;                     // x_hat as the output is formed from it, s16
constexpr int kGammaExp = -6;                    // gamma and beta, s8
constexpr int kScaledExp = kNormalizedExp + kGammaExp;  // gamma * x_hat + beta of a branch that is only added
constexpr int kStreamExp = -8, kMostStreamExp = -5;     // residual stream of pre-activation nets, s16: +-128 to +-1024
constexpr int kMasterExp = -24;                         // stored parameters, s32
constexpr int kFixedWeightExp = -7;                     // W, s8, where its grid is fixed (Widths::fixed_w)
constexpr int kRunningExp = -32;                        // running mean and variance, s64
constexpr int64_t kRunningMost = int64_t{1} << 52;      // the largest magnitude of either
constexpr int kEpsilonLog2 = -17;                       // batch norm: 2^-17 = 0.76e-5
constexpr int kRunningMomentum = 102;                   // / 1024: 0.0996 of the new value

// Longest reductions that cannot overflow s32.
constexpr int64_t kMaxProductsU8S8 = INT32_MAX / (kU8Max * kS8Max);
constexpr int64_t kMaxProductsS8S8 = INT32_MAX / (kS8Max * kS8Max);
static_assert(kMaxProductsU8S8 == 66311 && kMaxProductsS8S8 == 133144);
// The longest reduction of a layer (fan in, and taps * output channels for the backward pass): leaves 2^17 for a bias of rounding.
constexpr int64_t kMaxReduction = 66000;
static_assert(kMaxReduction * kU8Max * kS8Max < (int64_t{1} << 31) - (int64_t{1} << 17));
static_assert(kMaxReduction * kS8Max * kS8Max < int64_t{1} << 30);

static_assert(kRelu6Top == 192 && kRelu6Top % (1 << 6) == 0);

// Elements of one channel in a batch, over all ranks: their sums and what batch norm makes of them stay in s64 up to 2^kMaxCountLog2
// (ops/batch_norm/batch_norm.h has the arithmetic).
constexpr int kMaxCountLog2 = 29;

}  // namespace intrain
