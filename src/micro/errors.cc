#include "micro/errors.h"

#include "base/assert.h"
#include "base/formats.h"
#include "base/random.h"
#include "base/rounding.h"

namespace intrain::micro {
namespace {

// RandomStream::byte: a group of elements, and the step between those of one block.
constexpr int32_t kGroup = 256, kStep = 16;

// dst[i] from values.next(), in the order of starts at `first` and steps of kStep.
//
// Within 32 bits: |v| < 2^30 + 2^27 (of ErrorQuantize 2^30, of a norm batch_norm.h), and rounding adds less than 2^shift <= 2^29: below 2^31. The
// last group begins below count, and ends below count + kGroup.
template <class Values>
void quantize(Values values, int32_t count, int shift, const ErrorRandom& random, int8_t* dst) {
  INTRAIN_ASSERT(0 <= shift && shift <= 29 && 0 <= count && count <= INT32_MAX - kGroup);
  const int32_t cut = (1 << shift) - 1;
  for (int32_t group = 0; group < count; group += kGroup) {
    const int32_t end = count - group < kGroup ? count : group + kGroup;
    for (int32_t first = group; first < group + kStep && first < end; ++first) {
      Philox4 words{};
      bool drawn = false;
      int32_t byte = 0;
      values.start(first);
      for (int32_t i = first; i < end; i += kStep, ++byte) {
        const int32_t v = values.next();
        uint8_t r = 0;
        if ((v & cut) != 0) {  // else the bits cannot carry
          if (!drawn) {
            const auto block = static_cast<uint32_t>(group / kGroup * kStep + first - group);
            words = random.stream.block(uint64_t{random.sample} << 32 | block);
            drawn = true;
          }
          r = static_cast<uint8_t>(words.word[byte / 4] >> (8 * (byte % 4)));
        }
        const int32_t q = rshift_stochastic8(v, shift, r);
        dst[i] = static_cast<int8_t>(q < -kS8Max ? -kS8Max : q > kS8Max ? kS8Max : q);
      }
    }
  }
}

// batch_norm_backward_value in 32 bits: its sums are right modulo 2^32, and |v| < 2^30 + 2^27 (batch_norm.h), so that it is that number.
int32_t norm_value(const ops::NormBackward& p, int32_t i, int32_t channel) {
  return static_cast<int32_t>(static_cast<uint32_t>(p.k[channel]) * static_cast<uint32_t>(p.e[i]) +
                              static_cast<uint32_t>(p.b[channel]) * static_cast<uint32_t>(256 * p.x_hat[i]) +
                              static_cast<uint32_t>(p.a[channel]));
}

template <class T>
class Array {
 public:
  explicit Array(const T* values) : values_(values) {}
  void start(int32_t i) { at_ = values_ + i; }
  int32_t next() {
    const int32_t v = *at_;
    at_ += kStep;
    return v;
  }

 private:
  const T* values_;
  const T* at_ = nullptr;
};

// Keeps the channel of an element, because processors without a division take long for one.
class NormValues {
 public:
  explicit NormValues(const ops::NormBackward& p) : p_(p), channels_step_(kStep % p.channels) {}
  void start(int32_t i) {
    i_ = i;
    channel_ = i % p_.channels;
  }
  int32_t next() {
    const int32_t v = norm_value(p_, i_, channel_);
    i_ += kStep;
    channel_ += channels_step_;
    if (channel_ >= p_.channels) channel_ -= p_.channels;
    return v;
  }

 private:
  const ops::NormBackward& p_;
  int32_t channels_step_, i_ = 0, channel_ = 0;
};

}  // namespace

void quantize_error(const ops::ErrorQuantize& p) {
  const auto count = static_cast<int32_t>(p.count);
  if (p.src32 != nullptr)
    quantize(Array<int32_t>(p.src32), count, p.shift, *p.random, p.dst);
  else
    quantize(Array<int16_t>(p.src16), count, p.shift, *p.random, p.dst);
}

uint32_t norm_backward_max(const ops::NormBackward& p) {
  uint32_t max = 0;
  const auto count = static_cast<int32_t>(p.rows) * p.channels;
  for (int32_t i = 0, channel = 0; i < count; ++i) {
    const int32_t v = norm_value(p, i, channel);
    const uint32_t m = v < 0 ? 0 - static_cast<uint32_t>(v) : static_cast<uint32_t>(v);
    if (m > max) max = m;
    if (++channel == p.channels) channel = 0;
  }
  return max;
}

void quantize_norm_backward(const ops::NormBackward& p) {
  quantize(NormValues(p), static_cast<int32_t>(p.rows) * p.channels, p.shift, *p.random, p.dst);
}

}  // namespace intrain::micro
