#include "data/validation_share.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace intrain {
namespace {

// Of the formula in docs/contract.md, written in another language. The first key of an index is the first number of SplitMix64 from 0.
TEST(ValidationShare, KeysAreThoseOfTheContract) {
  EXPECT_EQ(split_key("cat/camera2/x.jpg"), 0xb0c1a3430c7ac94au);
  EXPECT_EQ(split_key("caf\xe9/\xff.png"), 0xb1689d231df3a7d4u);
  EXPECT_EQ(split_key(int64_t{0}), 0xe220a8397b1dcdafu);
  EXPECT_EQ(split_key(int64_t{12345}), 0xae3b8a9b02e1cca9u);
}

int64_t count_off(int images, int64_t share) {
  std::vector<uint64_t> keys;
  for (int i = 0; i < images; ++i) keys.push_back(split_key("a/" + std::to_string(i)));
  const std::vector<bool> off = split_off(std::vector<uint16_t>(keys.size()), 1, keys, share);
  return std::count(off.begin(), off.end(), true);
}

TEST(ValidationShare, BothPartsHaveOneOfTwo) {
  constexpr int64_t kOne = int64_t{1} << kShareBits;
  for (const int64_t share : {int64_t{1}, kOne / 2, kOne - 1}) {
    EXPECT_EQ(count_off(1, share), 0);
    EXPECT_EQ(count_off(2, share), 1);
  }
  EXPECT_EQ(count_off(10, kOne / 4), 3);  // 2.5, a half up
  EXPECT_EQ(count_off(10, kOne / 5), 2);
  EXPECT_EQ(count_off(1000, 1), 1);
  EXPECT_EQ(count_off(1000, kOne - 1), 999);
}

TEST(ValidationShare, TheSmallestKeysOfEachClassGo) {
  const std::vector<uint16_t> labels = {0, 1, 0, 1, 0, 0, 1, 2};
  const std::vector<uint64_t> keys = {5, 9, 3, 8, 3, 7, 9, 0};
  const std::vector<bool> off = split_off(labels, 3, keys, (int64_t{1} << kShareBits) / 2);
  EXPECT_EQ(off, (std::vector<bool>{false, true, true, true, true, false, false, false}));
}

TEST(ValidationShare, MoreImagesMoveFew) {
  std::vector<uint64_t> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back(split_key("a/" + std::to_string(i) + ".jpg"));
  const auto off = [&] { return split_off(std::vector<uint16_t>(keys.size()), 1, keys, (int64_t{1} << kShareBits) / 10); };
  const std::vector<bool> before = off();
  for (int i = 0; i < 20; ++i) keys.push_back(split_key("a/new" + std::to_string(i) + ".jpg"));
  const std::vector<bool> after = off();
  int moved = 0;
  for (size_t i = 0; i < before.size(); ++i) moved += before[i] != after[i];
  EXPECT_LE(moved, 20);
}

}  // namespace
}  // namespace intrain
