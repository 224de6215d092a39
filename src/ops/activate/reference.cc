#include "base/formats.h"
#include "base/rounding.h"
#include "ops/activate/activate.h"

namespace intrain::ops {

void activate_reference(const Activate& p) {
  constexpr int kBetaShift = kGammaExp - (kFineExp + kGammaExp), kShortcutShift = kScaledExp - (kFineExp + kGammaExp);
  static_assert(kBetaShift == 8 && kShortcutShift == 4 && kNormalizedExp - kFineExp == 4);
  for (int64_t i = 0, c = 0; i < p.rows * p.channels; ++i, c = c + 1 < p.channels ? c + 1 : 0) {
    const int64_t v = int64_t{p.y[i]} * p.mult[c] + p.offset[c];
    const int64_t f = clamp(rshift_round(v, p.f_shift[c]), -p.f_limit, p.f_limit) * (int64_t{1} << p.f_left);
    if (p.x_hat != nullptr) p.x_hat[i] = static_cast<int8_t>(clamp(rshift_round(f, kNormalizedExp - kFineExp), -kS8Max, kS8Max));
    int64_t shortcut = 0;
    if (p.src != nullptr)
      shortcut = int64_t{p.src_signed ? static_cast<int8_t>(p.src[i]) : p.src[i]} * (int64_t{1} << p.src_shift);
    if (p.x_hat2 != nullptr) shortcut = p.gamma2[c] * p.x_hat2[i] + p.beta2[c] * (int64_t{1} << (kGammaExp - kScaledExp));
    const int64_t z = p.gamma[c] * f + p.beta[c] * (int64_t{1} << kBetaShift) + shortcut * (int64_t{1} << kShortcutShift);
    p.dst[i] = static_cast<uint8_t>(clamp(rshift_round(z, p.shift), p.bottom, p.top));
  }
}

void relu_requantize_reference(const ReluRequantize& p) {
  for (int64_t i = 0, c = 0; i < p.rows * p.channels; ++i, c = c + 1 < p.channels ? c + 1 : 0) {
    const int64_t sum = int64_t{p.acc[i]} + p.bias[c];
    p.dst[i] = static_cast<uint8_t>(clamp(scale_pow2(sum, -p.shift), 0, kU8Max));
  }
}

int32_t relu_backward_reference(const ReluBackward& p) {
  int64_t max = 0;
  for (int64_t i = 0; i < p.count; ++i) {
    const bool pass = p.output[i] != 0 && p.output[i] != p.top;
    const int64_t e = pass ? clamp(scale_pow2(p.e[i], -p.align), -kS16Max, kS16Max) : 0;
    p.e[i] = static_cast<int16_t>(e);
    const int64_t m = e < 0 ? -e : e;
    if (m > max) max = m;
  }
  return static_cast<int32_t>(max);
}

}  // namespace intrain::ops
