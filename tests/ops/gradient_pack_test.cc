#include "ops/gradient_pack/gradient_pack.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/rng.h"

namespace intrain::test {
namespace {

TEST(GradientPack, ComesBackAsItWas) {
  Rng rng(1);
  for (const int bytes : {1, 2, 3, 4}) {
    const int64_t most = (int64_t{1} << (8 * bytes - 1)) - 1;
    std::vector<int64_t> values{0, 1, -1, most, -most, -most - 1};
    while (values.size() < 300) values.push_back(rng.range(-most, most));
    const auto count = static_cast<int64_t>(values.size());
    std::vector<uint8_t> packed(values.size() * static_cast<size_t>(bytes), 0xAA);
    std::vector<int64_t> back(values.size(), 7);
    // In parts: neither reads or writes what the other does.
    for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{5, count}, {0, 5}}) {
      ops::gradient_pack_reference(values.data(), begin, end, bytes, packed.data());
      ops::gradient_unpack_reference(packed.data(), begin, end, bytes, back.data());
    }
    EXPECT_EQ(back, values);
    // The lowest byte of `most` is the first.
    EXPECT_EQ(packed[static_cast<size_t>(3 * bytes)], bytes == 1 ? 0x7F : 0xFF);
    EXPECT_EQ(packed[static_cast<size_t>(4 * bytes - 1)], 0x7F);
  }
}

TEST(GradientPack, OfPartsThatDoNotFitTheSumDoes) {
  const int64_t a[] = {40000, -40000, 32767}, b[] = {-20000, 20000, -65535};
  uint8_t x[6], y[6];
  ops::gradient_pack_reference(a, 0, 3, 2, x);
  ops::gradient_pack_reference(b, 0, 3, 2, y);
  for (int i = 0; i < 3; ++i) {
    const int sum = x[2 * i] + 256 * x[2 * i + 1] + y[2 * i] + 256 * y[2 * i + 1];
    x[2 * i] = static_cast<uint8_t>(sum);
    x[2 * i + 1] = static_cast<uint8_t>(sum >> 8);
  }
  int64_t sums[3];
  ops::gradient_unpack_reference(x, 0, 3, 2, sums);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(sums[i], a[i] + b[i]);
}

}  // namespace
}  // namespace intrain::test
