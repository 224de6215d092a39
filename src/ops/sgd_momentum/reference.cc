#include "base/formats.h"
#include "base/random.h"
#include "base/rounding.h"
#include "ops/sgd_momentum/sgd_momentum.h"

namespace intrain::ops {
namespace {

// Random words of consecutive elements, a Philox block at a time.
class Bits {
 public:
  Bits(const SgdTensor& p, const SgdStep& s, RandomUse use) : stream_{s.seed, use, p.tensor, s.step} {}
  uint32_t at(int64_t i) {
    if (i / 4 != block_) {
      block_ = i / 4;
      words_ = stream_.block(static_cast<uint64_t>(block_));
    }
    return words_.word[i % 4];
  }

 private:
  RandomStream stream_;
  int64_t block_ = -1;
  Philox4 words_{};
};

}  // namespace

SgdScale sgd_scale(const SgdTensor& p, const SgdStep& s, uint64_t grad_max) {
  const int t = quantize_shift(grad_max, p.grad_bits);
  int top = p.grad_exp + t + p.grad_bits - 1;
  if (s.mom.mantissa != 0 && p.momentum_exp + s.mom.exp + 25 > top) top = p.momentum_exp + s.mom.exp + 25;
  if (s.decay.mantissa != 0 && kMasterExp + s.decay.exp + 41 > top) top = kMasterExp + s.decay.exp + 41;
  return {t, top - 40};
}

uint64_t sgd_grad_max_reference(const SgdTensor& p, int64_t begin, int64_t end) {
  uint64_t max = 0;
  for (int64_t i = begin; i < end; ++i)
    if (magnitude(p.grad[i]) > max) max = magnitude(p.grad[i]);
  return max;
}

uint64_t sgd_accumulate_reference(const SgdTensor& p, const SgdStep& s, const SgdScale& scale, int64_t begin, int64_t end) {
  Bits bits(p, s, RandomUse::kGradient);
  uint64_t max = 0;
  for (int64_t i = begin; i < end; ++i) {
    const int64_t g = quantize_stochastic(p.grad[i], scale.grad_shift, p.grad_bits, bits.at(i));
    const int64_t v = scale_pow2(int64_t{s.mom.mantissa} * p.momentum[i], p.momentum_exp + s.mom.exp - scale.exp) +
                      scale_pow2(g, p.grad_exp + scale.grad_shift - scale.exp) +
                      scale_pow2(int64_t{s.decay.mantissa} * p.master[i], kMasterExp + s.decay.exp - scale.exp);
    p.grad[i] = v;
    if (magnitude(v) > max) max = magnitude(v);
  }
  return max;
}

void sgd_update_reference(const SgdTensor& p, const SgdStep& s, const SgdScale& scale, int shift, int64_t begin, int64_t end) {
  Bits momentum_bits(p, s, RandomUse::kMomentum), update_bits(p, s, RandomUse::kUpdate);
  const int down = kMasterExp - (s.rate.exp + scale.exp + shift);
  for (int64_t i = begin; i < end; ++i) {
    const int64_t m = quantize_stochastic(p.grad[i], shift, 16, momentum_bits.at(i));
    const int64_t step = s.rate.mantissa * m;
    const int64_t delta = down > 62 ? 0 : down >= 0 ? rshift_stochastic(step, down, update_bits.at(i)) : scale_pow2(step, -down);
    p.momentum[i] = static_cast<int16_t>(m);
    p.master[i] =
        static_cast<int32_t>(clamp(p.master[i] - clamp(delta, -(int64_t{1} << 40), int64_t{1} << 40), -INT32_MAX, INT32_MAX));
  }
}

}  // namespace intrain::ops
