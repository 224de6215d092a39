// Philox4x32-10 against the published known answers, and what is derived from it.
#include "base/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace intrain {
namespace {

struct KnownAnswer {
  uint32_t counter[4], key[2], expected[4];
};

// The philox4x32-10 lines of kat_vectors in the authors' Random123 distribution.
constexpr KnownAnswer kKnownAnswers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

TEST(Philox, KnownAnswers) {
  for (const KnownAnswer& k : kKnownAnswers) {
    const Philox4 r = philox4x32(k.counter[0], k.counter[1], k.counter[2], k.counter[3], k.key[0], k.key[1]);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(r.word[i], k.expected[i]) << "word " << i;
  }
}

TEST(RandomStream, CounterAndKeyAreAsDocumented) {
  const RandomStream s{0x0123456789abcdefu, RandomUse::kUpdate, 77, 1234};
  for (uint64_t i :
       {uint64_t{0}, uint64_t{1}, uint64_t{7}, uint64_t{4} << 32, (uint64_t{4} << 32) + 3, uint64_t{0x123456789abcdef}}) {
    const Philox4 r = philox4x32(static_cast<uint32_t>(i / 4), static_cast<uint32_t>(i / 4 >> 32), 1234, 77,
                                 0x89abcdefu ^ (6u << 24), 0x01234567u);
    EXPECT_EQ(s.bits(i), r.word[i % 4]) << i;
  }
}

TEST(RandomStream, EveryFieldMatters) {
  const RandomStream base{1, RandomUse::kGradient, 2, 3};
  std::vector<RandomStream> others(6, base);
  others[1].seed = 2;
  others[2].seed = uint64_t{1} << 32 | 1;
  others[3].use = RandomUse::kMomentum;
  others[4].number = 3;
  others[5].step = 4;
  std::set<uint32_t> first;
  for (const RandomStream& s : others) first.insert(s.bits(0));
  EXPECT_EQ(first.size(), others.size());
}

// Byte j / 16 (little-endian) of block 16 g + j % 16 for element j of group g of 256; the sample is the high half of the block
// number.
TEST(RandomStream, BytesAreAsDocumented) {
  const RandomStream s{0x0123456789abcdefu, RandomUse::kError, 77, 1234};
  for (uint32_t sample : {0u, 9u, 0xffffffffu})
    for (int64_t i : {int64_t{0}, int64_t{1}, int64_t{15}, int64_t{16}, int64_t{79}, int64_t{255}, int64_t{256}, int64_t{1000003},
                      int64_t{1} << 31}) {
      const int64_t group = i / 256, j = i % 256;
      const Philox4 block =
          philox4x32(static_cast<uint32_t>(group * 16 + j % 16), sample, 1234, 77, 0x89abcdefu ^ (8u << 24), 0x01234567u);
      uint8_t bytes[16];
      for (int b = 0; b < 16; ++b) bytes[b] = static_cast<uint8_t>(block.word[b / 4] >> (b % 4 * 8));
      EXPECT_EQ(s.byte(sample, i), bytes[j / 16]) << "sample " << sample << ", element " << i;
    }
  // By hand from the first known answer (counter and key 0): 6627e8d5 e169c58d: element 0 is d5, element 16 e8, element 64 8d.
  const RandomStream zero{uint64_t{8} << 24, RandomUse::kError, 0, 0};
  EXPECT_EQ(zero.byte(0, 0), 0xd5);
  EXPECT_EQ(zero.byte(0, 16), 0xe8);
  EXPECT_EQ(zero.byte(0, 64), 0x8d);
}

// Mean and variance of 100,000 bytes, within 5 standard deviations: 127.5 +- 5 * 73.9 / 316; and neighbours do not agree too
// often.
TEST(RandomStream, BytesAreUniform) {
  const RandomStream s{4, RandomUse::kError, 1, 2};
  const int n = 100000;
  double sum = 0;
  int counts[256] = {}, same = 0;
  for (int i = 0; i < n; ++i) {
    const uint8_t b = s.byte(3, i);
    sum += b;
    ++counts[b];
    same += b == s.byte(3, i + 1);
  }
  EXPECT_NEAR(sum / n, 127.5, 1.2);
  double chi = 0;
  for (int c : counts) chi += (c - n / 256.0) * (c - n / 256.0) / (n / 256.0);
  EXPECT_LT(chi, 255 + 5 * std::sqrt(510.0));
  EXPECT_NEAR(same, n / 256.0, 5 * std::sqrt(n / 256.0));
}

// Chi-squared over n cells: mean n - 1, deviation sqrt(2 (n - 1)); within 5 deviations for each of the fixed seeds.
TEST(RandomStream, BelowIsUniform) {
  for (uint32_t n : {2u, 3u, 10u, 37u, 256u}) {
    const RandomStream s{42, RandomUse::kShuffle, n, 0};
    std::vector<int> counts(n);
    const int draws = 200 * static_cast<int>(n) + 20000;
    for (int i = 0; i < draws; ++i) {
      const uint32_t v = s.below(static_cast<uint64_t>(i), n);
      ASSERT_LT(v, n);
      ++counts[v];
    }
    const double expected = static_cast<double>(draws) / n;
    double chi = 0;
    for (int c : counts) chi += (c - expected) * (c - expected) / expected;
    EXPECT_LT(chi, (n - 1) + 5 * std::sqrt(2.0 * (n - 1))) << n;
  }
  const RandomStream s{1, RandomUse::kShuffle, 0, 0};
  for (uint64_t i = 0; i < 100; ++i) EXPECT_EQ(s.below(i, 1), 0u);
}

// Each of the 32 bits is set half of the time: 40,000 draws, deviation 100, within 5 deviations.
TEST(RandomStream, BitsAreBalanced) {
  const RandomStream s{9, RandomUse::kInit, 0, 0};
  int set[32] = {};
  for (uint64_t i = 0; i < 40000; ++i)
    for (int b = 0; b < 32; ++b) set[b] += s.bits(i) >> b & 1;
  for (int b = 0; b < 32; ++b) EXPECT_NEAR(set[b], 20000, 500) << "bit " << b;
}

// The numbers of docs/contract.md: a layer's own, and twice that for E1, one more of a stream.
TEST(ErrorRandom, HasItsNumberInTheNet) {
  const ErrorRandom e2 = product_error_random(11, 5, 7, 3), e1 = activation_error_random(11, 5, 7, false, 3),
                    stream = activation_error_random(11, 5, 7, true, 3);
  for (const ErrorRandom* r : {&e2, &e1, &stream}) {
    EXPECT_EQ(r->stream.seed, 11u);
    EXPECT_EQ(r->stream.step, 5u);
    EXPECT_EQ(r->sample, 3u);
  }
  EXPECT_EQ(e2.stream.use, RandomUse::kError);
  EXPECT_EQ(e1.stream.use, RandomUse::kActivationError);
  EXPECT_EQ(stream.stream.use, RandomUse::kActivationError);
  EXPECT_EQ(e2.stream.number, 7u);
  EXPECT_EQ(e1.stream.number, 14u);
  EXPECT_EQ(stream.stream.number, 15u);
}

}  // namespace
}  // namespace intrain
