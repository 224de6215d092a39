#include "checkpoint/checkpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>

#include "base/loss_format.h"
#include "core/error.h"
#include "core/hash.h"
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
    std::vector<StateArray> list = {
        {"conv.weight", ElementType::kS32, 5, weight.data(), INT64_MIN, INT64_MAX, StateRole::kParameter}};
    if (training) {
      list.push_back(
          {"conv.weight.momentum", ElementType::kS16, 5, momentum.data(), INT64_MIN, INT64_MAX, StateRole::kOptimizer});
      list.push_back(
          {"conv.weight.momentum_exp", ElementType::kS32, 1, &momentum_exp, INT64_MIN, INT64_MAX, StateRole::kOptimizer});
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
  info.epoch_loss = 104858;
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
  EXPECT_EQ(checkpoint.info.epoch_loss, 104858);
  EXPECT_EQ(checkpoint.info.normalization, expected.normalization);
  Arrays back;
  back.clear();
  restore_state(checkpoint, "resnet8", back.state());
  EXPECT_EQ(back, Arrays());
  EXPECT_EQ(folder_.entries(), 1u);
}

TEST_F(CheckpointTest, NamesOfAnyBytesAndTheFingerprintOfTheDataComeBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  CheckpointInfo info = some_info();
  EXPECT_FALSE(read_checkpoint(path_).info.data);
  info.class_names = {all, "caf\xe9", "caf\xe8", "caf\ufffd", "caf\uf7e9", "a\nb\t\"c\"", std::string(255, '\xff')};
  info.config.data = "folder:d\xe9:8";
  info.config.freeze = {"*\xff", "x"};
  info.config.init_from = info.config.out = info.config.net = info.config.model = all;
  info.data = {UINT64_MAX, 1, uint64_t{1} << 63, 0};
  write_checkpoint(path_, info, arrays_.state());
  const CheckpointInfo back = read_checkpoint(path_).info;
  EXPECT_EQ(back.class_names, info.class_names);
  EXPECT_EQ(back.config.data, info.config.data);
  EXPECT_EQ(back.config.freeze, info.config.freeze);
  for (const std::string& text : {back.config.init_from, back.config.out, back.config.net, back.config.model})
    EXPECT_EQ(text, all);
  EXPECT_EQ(back.data, info.data);
}

TEST_F(CheckpointTest, ANetWithoutMemoryHasNothingToStore) {
  const std::vector<StateArray> state{{"conv0.weight", ElementType::kS32, 3, nullptr, -1, 1}};
  test::expect_error([&] { checkpoint_bytes({}, state); }, "has no conv0.weight to store", "");
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
  for (const uint8_t version : {0, 4}) {
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

TEST_F(CheckpointTest, ReadsTheLossOfVersionTwo) {
  const auto older = [&](const std::string& loss) {
    write_checkpoint(path_, some_info(), arrays_.state());
    replace_in_header("\"loss\":104858", "\"loss\":" + loss);
    Bytes bytes = test::read_bytes(path_);
    bytes[8] = 2;
    rewrite(bytes);
    return read_checkpoint(path_).info.epoch_loss;
  };
  EXPECT_EQ(older("0.1250"), 1 << 17);
  EXPECT_EQ(older("1e+300"), 128 * kMostLoss);
  expect_error([&] { older("-0.125"); }, "loss of 'unfinished_epoch'", path_);
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

TEST_F(CheckpointTest, RefusesImpossibleNumbers) {
  const std::pair<const char*, std::function<void(CheckpointInfo&)>> changes[] = {
      {"step or epoch", [](CheckpointInfo& i) { i.epoch = 1405; }},
      {"step or epoch", [](CheckpointInfo& i) { i.epoch = -1; }},
      {"'best'", [](CheckpointInfo& i) { i.best_hits = 10001; }},
      {"'best'", [](CheckpointInfo& i) { i.best_hits = -1; }},
      {"'best'", [](CheckpointInfo& i) { i.test_count = -1; }},
      {"'best'", [](CheckpointInfo& i) { i.test_count = int64_t{1} << 31; }},
      {"'best'", [](CheckpointInfo& i) { i.best_epoch = 4; }},
      {"unfinished_epoch", [](CheckpointInfo& i) { i.epoch_hits = 129; }},
      {"unfinished_epoch", [](CheckpointInfo& i) { i.epoch_count = -1; }},
      {"unfinished_epoch", [](CheckpointInfo& i) { i.train_count = -1; }},
      {"loss of 'unfinished_epoch'", [](CheckpointInfo& i) { i.epoch_loss = -1; }},
      {"loss of 'unfinished_epoch'", [](CheckpointInfo& i) { i.epoch_loss = 128 * kMostLoss + 1; }},
      {"names of classes", [](CheckpointInfo& i) { i.class_names.resize(11); }},
      {"normalization", [](CheckpointInfo& i) { i.normalization[7] = -128; }},
      {"lr", [](CheckpointInfo& i) { i.config.lr = 1e9; }},
      {"broken header", [](CheckpointInfo& i) { i.config.lr = NAN; }},
      {"batch", [](CheckpointInfo& i) { i.config.batch = 0; }},
      {"w_stored", [](CheckpointInfo& i) { i.config.widths.w_stored = 1000; }}};
  for (const auto& [what, change] : changes) {
    CheckpointInfo info = some_info();
    change(info);
    write_checkpoint(path_, info, arrays_.state());
    expect_error([&] { read_checkpoint(path_); }, what, path_);
  }
}

// A file of 4 GiB that takes no place on the disk: refused by what stands at its beginning.
TEST_F(CheckpointTest, LooksAtTheHeaderBeforeItTakesMemory) {
  const auto grown = [&] { std::filesystem::resize_file(path_, uintmax_t{1} << 32); };
  grown();
  expect_error([&] { read_checkpoint(path_); }, "bytes after the last array", path_);
  write_bytes(path_, Bytes(1000, 'x'));
  grown();
  expect_error([&] { read_checkpoint(path_); }, "wrong magic number", path_);
  write_checkpoint(path_, some_info(), arrays_.state());
  bool asked = false;
  const auto refuse = [&](const Checkpoint& c) {
    asked = true;
    EXPECT_EQ(c.info.model, "resnet8");
    EXPECT_EQ(c.arrays.size(), 4);
    EXPECT_LT(c.bytes.size(), test::read_bytes(path_).size());
    throw Error("not wanted", path_, "none");
  };
  expect_error([&] { read_checkpoint(path_, refuse); }, "not wanted", path_);
  EXPECT_TRUE(asked);
}

TEST_F(CheckpointTest, RefusesNumbersOutsideTheirFormat) {
  const auto refused = [&](Arrays arrays, const std::string& what) {
    write_checkpoint(path_, some_info(), arrays.state());
    const Checkpoint checkpoint = read_checkpoint(path_);
    Arrays back;
    back.clear();
    const Arrays untouched = back;
    std::vector<StateArray> state = back.state();
    const int64_t most[] = {INT32_MAX, 32767, 384, int64_t{1} << 52};
    for (size_t i = 0; i < state.size(); ++i) state[i].least = -(state[i].most = most[i]);
    expect_error([&] { restore_state(checkpoint, "resnet8", state); }, what, path_);
    EXPECT_EQ(back, untouched);
  };
  Arrays good;
  good.weight[4] = -INT32_MAX;
  good.mean[0] = -(int64_t{1} << 52);
  Arrays bad = good;
  bad.weight[3] = INT32_MIN;
  refused(bad, "stored numbers outside their format: conv.weight holds -2147483648 at 3, not from -2147483647 to 2147483647");
  bad = good;
  bad.momentum[4] = INT16_MIN;
  refused(bad, "conv.weight.momentum holds -32768 at 4");
  bad = good;
  bad.momentum_exp = INT32_MAX;
  refused(bad, "conv.weight.momentum_exp holds 2147483647");
  bad = good;
  bad.mean[1] = (int64_t{1} << 52) + 1;
  refused(bad, "conv.running_mean holds 4503599627370497 at 1");
}

TEST_F(CheckpointTest, AParameterBeyondTheNetsWidthsBecomesTheNearestOnTransfer) {
  arrays_.weight = {100, -100, 7, INT32_MAX, -INT32_MAX};
  write_checkpoint(path_, some_info(), arrays_.state());
  Arrays back;
  back.clear();
  std::vector<StateArray> state = back.state();
  state[0].least = -(state[0].most = 64);
  restore_for_transfer(read_checkpoint(path_), "resnet8", state, "head.", false);
  EXPECT_EQ(back.weight, (std::vector<int32_t>{64, -64, 7, 64, -64}));
  state[0].grid = 2;
  restore_for_transfer(read_checkpoint(path_), "resnet8", state, "head.", false);
  EXPECT_EQ(back.weight, (std::vector<int32_t>{64, -64, 8, 64, -64}));
  arrays_.weight[0] = INT32_MIN;
  write_checkpoint(path_, some_info(), arrays_.state());
  expect_error([&] { restore_for_transfer(read_checkpoint(path_), "resnet8", state, "head.", false); }, "conv.weight holds",
               path_);
}

// What a layer of a user's own calls so is no average, neither without averages nor with those of others.
TEST_F(CheckpointTest, AnArrayMayBeCalledAnAverage) {
  std::vector<int64_t> numbers = {1, 2, 3, 4};
  const std::vector<StateArray> state = {
      {"own.sum", ElementType::kS64, 1, &numbers[0]},
      {"own.sum.average", ElementType::kS64, 1, &numbers[1]},
      {"own.running", ElementType::kS64, 1, &numbers[2], INT64_MIN, INT64_MAX, StateRole::kStatistic},
      {"own.running.average", ElementType::kS64, 1, &numbers[3], INT64_MIN, INT64_MAX, StateRole::kAverage}};
  const auto restored = [&](int average, const auto& restore) {
    CheckpointInfo info = some_info();
    info.config.average = average;
    numbers = {1, 2, 3, 4};
    const Checkpoint checkpoint = parse_checkpoint(checkpoint_bytes(info, state), "memory");
    numbers = {0, 0, 0, 0};
    restore(checkpoint);
    return numbers;
  };
  const auto for_use = [&](const Checkpoint& c) { restore_for_use(c, "resnet8", {state[0], state[1], state[2]}); };
  const auto for_transfer = [&](const Checkpoint& c) { restore_for_transfer(c, "resnet8", state, "head.", true); };
  EXPECT_EQ(restored(3, for_use), (std::vector<int64_t>{1, 2, 4, 0}));
  EXPECT_EQ(restored(3, for_transfer), (std::vector<int64_t>{1, 2, 4, 0}));
  EXPECT_EQ(restored(0, for_transfer), (std::vector<int64_t>{1, 2, 3, 0}));
  expect_error([&] { restored(0, for_use); }, "it also holds own.running.average", "memory");
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
