// Net::recompute: what is formed again in the backward pass is what would have been kept, in less memory.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/models.h"
#include "support/isas.h"
#include "support/nets.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

constexpr int kAll = 1 << 20;

// Every tensor shown, in the order of its layer and kind; each once a pass.
class Shown final : public TensorSink {
 public:
  using Key = std::pair<std::string, TensorKind>;
  void tensor(const std::string& layer, TensorKind kind, const int8_t* data, int64_t count, int exp) override {
    add(layer, kind, data, count, exp);
  }
  void tensor(const std::string& layer, TensorKind kind, const uint8_t* data, int64_t count, int exp) override {
    add(layer, kind, data, count, exp);
  }
  void tensor(const std::string& layer, TensorKind kind, const int16_t* data, int64_t count, int exp) override {
    add(layer, kind, data, count, exp);
  }
  const std::map<Key, std::vector<int>>& all() const { return all_; }

 private:
  template <class Integer>
  void add(const std::string& layer, TensorKind kind, const Integer* data, int64_t count, int exp) {
    std::vector<int>& numbers = all_[{layer, kind}];
    numbers.push_back(exp);
    numbers.insert(numbers.end(), data, data + count);
  }
  std::map<Key, std::vector<int>> all_;
};

struct Trained {
  std::vector<std::vector<uint8_t>> state;
  std::map<Shown::Key, std::vector<int>> shown;
};

struct How {
  Widths widths{};
  Statistics statistics = Statistics::kBatch;
  std::string frozen{};  // what the names of parameters that are begin with
};

Trained train_again(Net net, int products, const RunSettings& settings, const How& how) {
  net.set_widths(how.widths);
  net.recompute(products);
  for (Parameter* p : net.parameters()) p->frozen = !how.frozen.empty() && p->name.starts_with(how.frozen);
  ReadyNet ready(std::move(net), 8, settings);
  ready.net.set_statistics(how.statistics);
  Shown shown;
  for (uint32_t step = 0; step < 3; ++step) {
    ready.net.set_tensor_sink(step == 2 ? &shown : nullptr);
    ready.train(synthetic_batch(8, static_cast<int>(8 * step)), 100, step);
    ready.net.evaluate(synthetic_batch(5));
  }
  return {state_of(ready.net), shown.all()};
}

class Recompute : public IsaTest {
 protected:
  void expect_same(Net (*make)(), const How& how, const std::string& title) {
    const Trained kept = train_again(make(), 0, {.isa = isa()}, how);
    for (const int products : {9, 64, kAll})
      for (const int threads : {1, 3}) {
        const Trained again = train_again(make(), products, {.isa = isa(), .threads = threads}, how);
        EXPECT_TRUE(again.state == kept.state) << title << ", " << products << " products, " << threads << " threads";
        EXPECT_TRUE(again.shown == kept.shown) << title << ", " << products << " products, " << threads << " threads: tensors";
      }
  }
};
INTRAIN_FOR_ALL_ISAS(Recompute);

TEST_P(Recompute, TrainsTheSame) {
  expect_same(one_of_each, {}, "convolutions");
  expect_same(inverted_residuals, {}, "inverted residuals");
  expect_same(padded_shortcuts, {}, "padded shortcuts");
  expect_same(one_of_each_stream, {}, "streams");
  expect_same(signals, {}, "signals");
}

// Maps of one pixel and many channels, of which threads share the columns.
Net columns() {
  NetBuilder net(12, 12, 1, 10);
  Value* x = net.conv_bn_relu(net.input(), {.k = 24, .size = 12});
  return net.linear_logits(net.conv_bn_relu(x, {.k = 300, .size = 1}));
}

TEST_P(Recompute, TrainsTheSameWhereThreadsShareColumns) { expect_same(columns, {}, "columns"); }

TEST_P(Recompute, TrainsTheSameInOtherWidths) {
  Widths narrow;
  narrow.x_hat = 5;
  narrow.a = 6;
  narrow.w = 4;
  expect_same(one_of_each, {.widths = narrow}, "narrow");
  expect_same(inverted_residuals, {.widths = narrow}, "narrow inverted residuals");
}

TEST_P(Recompute, TrainsTheSameWithOtherStatistics) {
  expect_same(one_of_each, {.statistics = Statistics::kRunning}, "running");
  expect_same(one_of_each, {.statistics = Statistics::kFrozen}, "frozen");
  expect_same(inverted_residuals, {.statistics = Statistics::kFrozen}, "frozen inverted residuals");
}

TEST_P(Recompute, TrainsTheSameAboveFrozenLayers) {
  expect_same(one_of_each, {.frozen = "conv0"}, "the first layer frozen");
  expect_same(one_of_each, {.frozen = "conv0.weight"}, "its W frozen");
  expect_same(one_of_each, {.frozen = "conv4"}, "a middle layer frozen");
}

size_t planned(const char* model, int side, int products, int batch = 8, int threads = 1) {
  Net net = build_model(model, side, side, 3, 10);
  net.recompute(products);
  net.prepare(batch, true, std::make_shared<Runtime>(threads));
  return net.memory().total_bytes();
}

TEST(RecomputeMemory, FallsWithTheNumberOfProducts) {
  const size_t kept = planned("resnet50", 64, 0), some = planned("resnet50", 64, 64), more = planned("resnet50", 64, 512);
  EXPECT_LT(some, kept);
  EXPECT_LT(more, some);
}

// What the second product needs lies where the other two of the backward pass do.
TEST(RecomputeMemory, FallsWithManyThreads) {
  for (const char* model : {"resnet8", "mobilenet_v2"})
    EXPECT_LT(planned(model, 32, kAll, 128, 32), planned(model, 32, 0, 128, 32)) << model;
}

TEST(RecomputeMemory, IsPlannedBeforeTheNet) {
  Net net = build_model("resnet8", 12, 12, 1, 10);
  expect_error([&] { net.recompute(-1); }, "sums of -1 products", "recompute");
  net.prepare(8, true, std::make_shared<Runtime>(1));
  expect_error([&] { net.recompute(64); }, "the net is prepared already", "recompute");
}

}  // namespace
}  // namespace intrain::test
