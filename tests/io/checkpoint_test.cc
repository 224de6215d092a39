#include "io/checkpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

#include "io/hash.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::Bytes;
using test::expect_error;
using test::TempFolder;
using test::write_bytes;

// What a net of one layer holds.
struct Arrays {
  std::vector<int32_t> weight = {1, -2, 3, INT32_MAX, INT32_MIN};
  std::vector<int16_t> momentum = {5, -6, 7, 8, 9};
  int32_t momentum_exp = -12;
  std::vector<int64_t> mean = {INT64_MIN, 77};

  std::vector<StateArray> state(bool training = true) {
    std::vector<StateArray> list = {{"conv.weight", ElementType::kS32, 5, weight.data()}};
    if (training) {
      list.push_back({"conv.weight.momentum", ElementType::kS16, 5, momentum.data()});
      list.push_back({"conv.weight.momentum_exp", ElementType::kS32, 1, &momentum_exp});
    }
    list.push_back({"conv.running_mean", ElementType::kS64, 2, mean.data()});
    return list;
  }
  void clear() {
    std::fill(weight.begin(), weight.end(), 0);
    std::fill(momentum.begin(), momentum.end(), int16_t{0});
    std::fill(mean.begin(), mean.end(), 0);
    momentum_exp = 0;
  }
  bool operator==(const Arrays&) const = default;
};

CheckpointInfo some_info() {
  CheckpointInfo info;
  info.model = "resnet8";
  info.h = 28;
  info.w = 27;
  info.c = 1;
  info.classes = 10;
  info.class_names = {"Ankle boot", "T-shirt/top"};
  info.config.seed = 42;
  info.step = 1404;
  info.epoch = 3;
  info.best_hits = 8712;
  info.best_epoch = 2;
  info.test_count = 10000;
  info.train_count = 60000;
  info.epoch_count = 128;
  info.epoch_hits = 17;
  info.epoch_loss = 0.1;
  info.normalization.assign(256, -3);
  return info;
}

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() { write_checkpoint(path_, some_info(), arrays_.state()); }

  // The file with its fingerprint made right again: for errors that the fingerprint cannot show.
  void rewrite(Bytes bytes) {
    const uint64_t digest = hash64(bytes.data(), bytes.size() - 8);
    std::memcpy(bytes.data() + bytes.size() - 8, &digest, 8);
    write_bytes(path_, bytes);
  }
  void replace_in_header(const std::string& from, const std::string& to) {
    ASSERT_EQ(from.size(), to.size());
    Bytes bytes = test::read_bytes(path_);
    const auto at = std::search(bytes.begin(), bytes.end(), from.begin(), from.end());
    ASSERT_NE(at, bytes.end());
    std::copy(to.begin(), to.end(), at);
    rewrite(bytes);
  }

  TempFolder folder_;
  const std::string path_ = folder_.file("a.ckpt");
  Arrays arrays_;
};

TEST_F(CheckpointTest, ComesBackAsItWas) {
  const Checkpoint checkpoint = read_checkpoint(path_);
  const CheckpointInfo expected = some_info();
  EXPECT_EQ(checkpoint.info.model, expected.model);
  EXPECT_EQ(checkpoint.info.w, 27);
  EXPECT_EQ(checkpoint.info.class_names, expected.class_names);
  EXPECT_EQ(checkpoint.info.config.seed, 42u);
  EXPECT_EQ(checkpoint.info.step, 1404);
  EXPECT_EQ(checkpoint.info.best_hits, 8712);
  EXPECT_EQ(checkpoint.info.train_count, 60000);
  EXPECT_EQ(checkpoint.info.epoch_count, 128);
  EXPECT_EQ(checkpoint.info.epoch_hits, 17);
  EXPECT_EQ(checkpoint.info.epoch_loss, 0.1);
  EXPECT_EQ(checkpoint.info.normalization, expected.normalization);
  Arrays back;
  back.clear();
  restore_state(checkpoint, "resnet8", back.state());
  EXPECT_EQ(back, Arrays());
  EXPECT_EQ(folder_.entries(), 1u);
}

TEST_F(CheckpointTest, TheSameStateGivesTheSameBytes) {
  write_checkpoint(folder_.file("b.ckpt"), some_info(), arrays_.state());
  EXPECT_EQ(test::read_bytes(path_), test::read_bytes(folder_.file("b.ckpt")));
}

TEST_F(CheckpointTest, ANetWithoutOptimizerStateTakesTheRest) {
  Arrays back;
  back.clear();
  restore_state(read_checkpoint(path_), "resnet8", back.state(false));
  EXPECT_EQ(back.weight, arrays_.weight);
  EXPECT_EQ(back.mean, arrays_.mean);
  EXPECT_EQ(back.momentum_exp, 0);
}

TEST_F(CheckpointTest, EveryFlippedByteIsSeen) {
  const Bytes good = test::read_bytes(path_);
  for (size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= static_cast<uint8_t>(1 << i % 8);
    write_bytes(path_, bad);
    expect_error([&] { read_checkpoint(path_); }, "", path_);
  }
}

TEST_F(CheckpointTest, EveryTruncationIsSeen) {
  const Bytes good = test::read_bytes(path_);
  for (size_t n = 0; n < good.size(); ++n) {
    write_bytes(path_, Bytes(good.begin(), good.begin() + static_cast<int64_t>(n)));
    expect_error([&] { read_checkpoint(path_); }, "", path_);
  }
}

TEST_F(CheckpointTest, RefusesOtherFiles) {
  expect_error([&] { read_checkpoint(folder_.file("none")); }, "cannot open", folder_.file("none"));
  expect_error([&] { read_checkpoint(folder_.path()); }, "it is a folder", folder_.path());
  expect_error([&] { read_checkpoint("/dev/zero"); }, "no regular file", "/dev/zero");
  write_bytes(path_, Bytes(1000, 'x'));
  expect_error([&] { read_checkpoint(path_); }, "wrong magic number", path_);
}

TEST_F(CheckpointTest, RefusesAnotherVersionAndAnImpossibleHeader) {
  const Bytes good = test::read_bytes(path_);
  Bytes bad = good;
  for (const uint8_t version : {0, 3}) {
    bad[8] = version;
    rewrite(bad);
    expect_error([&] { read_checkpoint(path_); }, "version " + std::to_string(version), path_);
  }
  for (uint32_t size : {0u, 5u, 0x7FFFFFFFu, 0xFFFFFFFFu, static_cast<uint32_t>(good.size() - 20)}) {
    bad = good;
    std::memcpy(bad.data() + 12, &size, 4);
    rewrite(bad);
    expect_error([&] { read_checkpoint(path_); }, "header", path_);
  }
}

TEST_F(CheckpointTest, RefusesAHeaderThatDoesNotFitTheFile) {
  const Bytes good = test::read_bytes(path_);
  const std::pair<const char*, const char*> changes[] = {{"\"count\":5,\"offset\":0", "\"count\":9,\"offset\":0"},
                                                         {"\"count\":5", "\"count\":0"},
                                                         {"\"count\":1,", "\"count\":9,"},
                                                         {"\"offset\":0", "\"offset\":8"},
                                                         {"\"s32\"", "\"s99\""},
                                                         {"\"s32\"", "\"s64\""},
                                                         {"\"model\"", "\"modem\""},
                                                         {"[28,27,1]", "[28,27,9]"},
                                                         {"[28,27,1]", "[-8,27,1]"},
                                                         {"[28,27,1]", "[2,8,7,1]"},
                                                         {"\"classes\":10", "\"classes\":-1"},
                                                         {"\"step\":1404", "\"step\":null"},
                                                         {"\"step\":1404", "\"step\":-140"},
                                                         {"\"step\":1404", "\"step\":1e02"},
                                                         {"\"arrays\":[{", "\"arrays\":[["}};
  for (const auto& [from, to] : changes) {
    write_bytes(path_, good);
    replace_in_header(from, to);
    expect_error([&] { read_checkpoint(path_); }, "broken header", path_);
  }
}

TEST_F(CheckpointTest, RefusesMoreStepsThanThereCanBe) {
  CheckpointInfo info = some_info();
  info.step = int64_t{1} << 31;
  write_checkpoint(path_, info, arrays_.state());
  expect_error([&] { read_checkpoint(path_); }, "impossible step", path_);
}

TEST_F(CheckpointTest, RefusesAnotherModelAndTouchesNothing) {
  const Checkpoint checkpoint = read_checkpoint(path_);
  Arrays back;
  back.clear();
  Arrays untouched = back;
  expect_error([&] { restore_state(checkpoint, "resnet14", back.state()); }, "model 'resnet8' does not fit model 'resnet14'",
               path_);
  std::vector<StateArray> state = back.state();
  state.back().count = 1;
  expect_error([&] { restore_state(checkpoint, "resnet8", state); }, "conv.running_mean (2 x s64)", path_);
  state = back.state();
  state[0].name = "stem.weight";
  expect_error([&] { restore_state(checkpoint, "resnet8", state); }, "where the net has stem.weight", path_);
  state = back.state();
  state.pop_back();
  expect_error([&] { restore_state(checkpoint, "resnet8", state); }, "also holds conv.running_mean", path_);
  state = back.state();
  state.push_back(state[0]);
  expect_error([&] { restore_state(checkpoint, "resnet8", state); }, "it lacks conv.weight", path_);
  EXPECT_EQ(back, untouched);
}

}  // namespace
}  // namespace intrain
