// E2 of src/micro/ against the references: lengths around a group of random bits, every shift, numbers that are not cut among the others.
#include "micro/errors.h"

#include <gtest/gtest.h>

#include "support/rng.h"

namespace intrain::test {
namespace {

constexpr int64_t kLengths[] = {1, 15, 16, 17, 255, 256, 257, 272, 700};

TEST(MicroErrors, QuantizedAsByTheReference) {
  Rng rng(1);
  for (const int64_t count : kLengths)
    for (int shift = 0; shift <= 29; ++shift) {
      const ErrorRandom random{{rng.bits() >> 8, RandomUse::kError, static_cast<uint32_t>(shift), 9}, 0};
      std::vector<int32_t> wide = random_vector<int32_t>(rng, kAllFills[shift % 5], count, -(1 << 30), 1 << 30);
      for (int32_t& v : wide)
        if (rng.range(0, 2) == 0) v = v >> shift << shift;
      const std::vector<int16_t> narrow = random_vector<int16_t>(rng, kAllFills[shift % 5], count, -32767, 32767);
      std::vector<int8_t> expected(wide.size()), actual(wide.size());
      for (const bool is_wide : {true, false}) {
        ops::ErrorQuantize p{
            is_wide ? wide.data() : nullptr, is_wide ? nullptr : narrow.data(), count, shift, expected.data(), &random, {}};
        ops::error_quantize_reference(p);
        p.dst = actual.data();
        micro::quantize_error(p);
        ASSERT_EQ(actual, expected) << count << " of shift " << shift;
      }
    }
}

TEST(MicroErrors, OfANormAsByTheReference) {
  Rng rng(2);
  for (const int channels : {1, 3, 16, 17, 40})
    for (int shift = 0; shift <= 24; shift += 3) {
      const int64_t rows = rng.range(1, 30), count = rows * channels;
      const std::vector<int16_t> e = random_vector<int16_t>(rng, Fill::kUniform, count, -32767, 32767);
      const std::vector<int8_t> x_hat = random_vector<int8_t>(rng, Fill::kUniform, count, -127, 127);
      const auto coefficients = [&] { return random_vector<int32_t>(rng, Fill::kUniform, channels, -8191, 8191); };
      const std::vector<int32_t> k = coefficients(), b = coefficients(), a = coefficients();
      const ErrorRandom random{{rng.bits() >> 8, RandomUse::kError, 3, 9}, 0};
      std::vector<int8_t> expected(e.size()), actual(e.size());
      ops::NormBackward p{};
      p.e = e.data();
      p.x_hat = x_hat.data();
      p.rows = rows;
      p.channels = channels;
      p.k = k.data();
      p.b = b.data();
      p.a = a.data();
      p.shift = shift;
      p.random = &random;
      p.dst = expected.data();
      ops::batch_norm_backward_quantize_reference(p);
      p.dst = actual.data();
      micro::quantize_norm_backward(p);
      ASSERT_EQ(actual, expected) << channels << " channels, shift " << shift;
      ASSERT_EQ(micro::norm_backward_max(p), ops::batch_norm_backward_max_reference(p));
    }
}

}  // namespace
}  // namespace intrain::test
