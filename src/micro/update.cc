#include "micro/update.h"

#include "base/assert.h"
#include "base/formats.h"
#include "base/random.h"
#include "base/rounding.h"
#include "ops/sgd_momentum/update.h"

namespace intrain::micro {
namespace {

// Random words of ascending elements, a block at a time, each when it is first asked for.
class Words {
 public:
  Words(const ops::SgdTensor& p, const SgdStep& s, RandomUse use) : stream_{s.seed, use, p.tensor, s.step} {}
  uint32_t at(uint32_t i) {
    if (i / 4 + 1 != drawn_) {
      drawn_ = i / 4 + 1;
      words_ = stream_.block(i / 4);
    }
    return words_.word[i % 4];
  }

 private:
  RandomStream stream_;
  uint32_t drawn_ = 0;  // the block's number and 1
  Philox4 words_{};
};

// What rshift_stochastic32 takes. Of max |g| <= 2^30 the shift is at most bit_length(2^30) - (bits - 1) = 30, as bits >= 2, and 1 or more where it
// cuts anything: its other precondition.
constexpr int32_t kWithin32 = 1 << 30;

uint32_t low_bits(int shift) { return shift >= 32 ? ~0u : (1u << shift) - 1; }
bool cuts(int64_t v, int shift) {
  return (static_cast<uint32_t>(v) & low_bits(shift)) != 0 ||
         (shift > 32 && (static_cast<uint32_t>(v >> 32) & low_bits(shift - 32)) != 0);
}

// rshift_stochastic, with a word only where it can matter: without a rest v / 2^shift is exact.
int64_t cut(int64_t v, int shift, Words& words, uint32_t i) {
  return cuts(v, shift) ? rshift_stochastic(v, shift, words.at(i)) : v >> shift;
}
int32_t cut32(int32_t v, int shift, Words& words, uint32_t i) {
  return (static_cast<uint32_t>(v) & low_bits(shift)) != 0 ? rshift_stochastic32(v, shift, words.at(i)) : v >> shift;
}

int32_t clamp32(int32_t v, int32_t limit) { return v < -limit ? -limit : v > limit ? limit : v; }

// scale_pow2 of a term of the sum v, but without its saturation at 2^62. A term of b bits and the exponent e has e + b <= top = E + 40
// (sgd_momentum.h), so that with shift = e - E >= 0 it is below 2^(b + shift) <= 2^40. That holds of terms that are there: g = 0 has no say in top,
// and is left out.
int64_t term(int64_t v, int shift) { return shift < 0 ? scale_pow2(v, shift) : v * (int64_t{1} << shift); }

template <class T>
uint64_t largest(const T* g, uint32_t count) {
  uint64_t max = 0;
  for (uint32_t i = 0; i < count; ++i)
    if (magnitude(g[i]) > max) max = magnitude(g[i]);
  return max;
}

// The sums v of G, of the momentum and of what decays. |v| < 2^42 (sgd_momentum.h): where momentum is kept its place takes the upper 16 of 48 bits
// and `scratch` the others, for v alone says what becomes of both. Else scratch keeps G, and v is formed of it again.
class Sums {
 public:
  Sums(const ops::SgdPass& pass, int32_t* scratch)
      : pass_(pass),
        master_(pass.tensor.master),
        momentum_(pass.tensor.momentum),
        scratch_(scratch),
        mom_(pass.tensor.momentum != nullptr ? pass.step.mom.mantissa : 0),
        decay_(pass.step.decay.mantissa),
        momentum_shift_(pass.tensor.momentum_exp + pass.step.mom.exp - pass.scale.exp),
        grad_shift_(pass.tensor.grad_exp + pass.scale.grad_shift - pass.scale.exp),
        decay_shift_(kMasterExp + pass.step.decay.exp - pass.scale.exp) {}
  // Before at(), of the exact sums g: `wide`, or where that is null what lies in `scratch`. small: |g| <= kWithin32. Returns max |v|.
  uint64_t form(const int64_t* wide, bool small) {
    const int shift = pass_.scale.grad_shift;
    const auto limit = static_cast<int32_t>(quantize_limit(pass_.tensor.grad_bits));
    Words words(pass_.tensor, pass_.step, RandomUse::kGradient);
    uint64_t max = 0;
    for (uint32_t i = 0; i < static_cast<uint32_t>(pass_.tensor.count); ++i) {
      const int64_t g = wide != nullptr ? wide[i] : scratch_[i];
      const int32_t rounded = small ? clamp32(cut32(static_cast<int32_t>(g), shift, words, i), limit)
                                    : static_cast<int32_t>(clamp(cut(g, shift, words, i), -limit, limit));
      const int64_t v = sum(i, rounded);
      if (magnitude(v) > max) max = magnitude(v);
      scratch_[i] = momentum_ != nullptr ? static_cast<int32_t>(static_cast<uint32_t>(v)) : rounded;
      if (momentum_ != nullptr) momentum_[i] = static_cast<int16_t>(v >> 32);
    }
    INTRAIN_ASSERT(max < uint64_t{1} << 42);
    return max;
  }
  int64_t at(uint32_t i) const {
    if (momentum_ == nullptr) return sum(i, scratch_[i]);
    return static_cast<int64_t>(static_cast<uint64_t>(momentum_[i]) << 32 | static_cast<uint32_t>(scratch_[i]));
  }

 private:
  [[gnu::always_inline]] int64_t sum(uint32_t i, int32_t rounded) const {
    int64_t v = rounded != 0 ? term(rounded, grad_shift_) : 0;
    if (mom_ != 0 && momentum_[i] != 0) v += term(mom_ * momentum_[i], momentum_shift_);
    if (decay_ != 0) v += term(int64_t{decay_} * master_[i], decay_shift_);
    return v;
  }

  const ops::SgdPass& pass_;
  const int32_t* master_;
  int16_t* momentum_;
  int32_t* scratch_;
  int32_t mom_, decay_;
  int momentum_shift_, grad_shift_, decay_shift_;
};

void move(const ops::SgdPass& pass, const Sums& sums) {
  const ops::SgdTensor& p = pass.tensor;
  const SgdStep& s = pass.step;
  const auto limit = static_cast<int32_t>(quantize_limit(s.momentum_bits));
  const int down = kMasterExp - (s.rate.exp + pass.scale.exp + pass.shift);
  // |rate m'| <= 1023 * 2^15 < 2^25, within what rshift_stochastic32 takes.
  const bool small = down >= 1 && down <= 30;
  Words momentum_words(p, s, RandomUse::kMomentum), update_words(p, s, RandomUse::kUpdate);
  for (uint32_t i = 0; i < static_cast<uint32_t>(p.count); ++i) {
    // t' = quantize_shift(max |v|, bits), so that |v| < 2^(t' + bits - 1): the quotient, rounded up, is at most 2^(bits - 1) <= 2^15. m' = 0 moves
    // nothing: W lies within its limits.
    const int32_t m = clamp32(static_cast<int32_t>(cut(sums.at(i), pass.shift, momentum_words, i)), limit);
    if (p.momentum != nullptr) p.momentum[i] = static_cast<int16_t>(m);
    if (m == 0) continue;
    const int32_t step = s.rate.mantissa * m;
    if (small)
      p.master[i] = static_cast<int32_t>(clamp(int64_t{p.master[i]} - cut32(step, down, update_words, i), -INT32_MAX, INT32_MAX));
    else
      p.master[i] = ops::sgd_new_master(p.master[i], step, down, 0, update_words.at(i));
  }
}

}  // namespace

int update_parameters(const ops::SgdTensor& tensor, const SgdStep& step, const int64_t* wide, int32_t* scratch) {
  INTRAIN_ASSERT(step.range_log2 == 0 && !step.nearest_grad && step.coarse == 0 && !step.nesterov && !step.decay_weights &&
                 step.bias_rate_log2 == 0);  // other optimizers' numbers
  INTRAIN_ASSERT(2 <= tensor.grad_bits && tensor.grad_bits <= 16 && 2 <= step.momentum_bits && step.momentum_bits <= 16);
  INTRAIN_ASSERT(0 <= step.rate.mantissa && step.rate.mantissa <= 1023);
  const auto count = static_cast<uint32_t>(tensor.count);
  const uint64_t grad_max = wide != nullptr ? largest(wide, count) : largest(scratch, count);
  INTRAIN_ASSERT(grad_max <= uint64_t{1} << 62);
  ops::SgdPass pass = ops::sgd_pass(tensor, step, grad_max);
  Sums sums(pass, scratch);
  pass.shift = ops::sgd_shift(pass, sums.form(wide, grad_max <= static_cast<uint64_t>(kWithin32)));
  move(pass, sums);
  return ops::sgd_momentum_exp(pass);
}

}  // namespace intrain::micro
