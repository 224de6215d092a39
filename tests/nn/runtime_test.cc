#include "nn/runtime.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "ops/kernels.h"
#include "support/nets.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

// Adds up what it is asked for, as a rank of one would, and counts how often.
class CountingReducer final : public Reducer {
 public:
  explicit CountingReducer(int& calls) : calls_(calls) {}
  void sum(int64_t*, int64_t) override { ++calls_; }
  void max(int64_t*, int64_t) override { ++calls_; }

 private:
  int& calls_;
};

TEST(Runtime, LivesAsLongAsANetOnIt) {
  std::weak_ptr<Runtime> watch;
  {
    Net net = one_of_each();
    {
      auto runtime = std::make_shared<Runtime>(2);
      watch = runtime;
      net.prepare(4, true, runtime);
    }
    EXPECT_FALSE(watch.expired());
    net.initialize(1);
    Net moved = std::move(net);
    moved.evaluate(synthetic_batch(4));
    EXPECT_EQ(&moved.runtime(), watch.lock().get());
  }
  EXPECT_TRUE(watch.expired());
}

TEST(Runtime, HasWhatItWasMadeOf) {
  int calls = 0;
  const Runtime scalar(ops::make_kernels(Isa::kScalar), 1);
  EXPECT_EQ(scalar.isa(), Isa::kScalar);
  EXPECT_EQ(Runtime(1).isa(), select_isa());
  const auto runtime = std::make_shared<Runtime>(ops::make_kernels(select_isa()), 3, 3, std::make_unique<CountingReducer>(calls));
  EXPECT_EQ(runtime->pool().threads(), 3);
  Net net = one_of_each();
  net.prepare(4, false, runtime);
  net.initialize(1);
  net.evaluate(synthetic_batch(4));
  EXPECT_GT(calls, 0);
}

TEST(Net, RefusesWhatItIsNotReadyFor) {
  Net net = one_of_each();
  const Batch batch = synthetic_batch(4);
  expect_error([&] { net.initialize(1); }, "no memory yet", "");
  expect_error([&] { net.quantize_parameters(); }, "no memory yet", "");
  expect_error([&] { net.evaluate(batch); }, "no memory yet", "");
  expect_error([&] { net.prepare(0, true, std::make_shared<Runtime>(1)); }, "a batch of 0 images", "batch");
  net.prepare(4, false, std::make_shared<Runtime>(1));
  net.initialize(1);
  expect_error([&] { net.prepare(4, true, std::make_shared<Runtime>(1)); }, "prepared already", "");
  expect_error([&] { net.forward(batch); }, "no backward pass", "");
  expect_error([&] { net.evaluate(synthetic_batch(5)); }, "a batch of 5 images", "batch");
  Batch wrong = batch;
  wrong.images.pop_back();
  expect_error([&] { net.evaluate(wrong); }, "fewer pixels", "");
  net.evaluate(batch);
}

TEST(Net, RefusesLabelsThatAreNoClasses) {
  ReadyNet ready(one_of_each(), 4);
  Batch batch = synthetic_batch(4);
  ready.net.forward(batch);
  for (const int32_t label : {-1, 10}) {
    batch.labels[3] = label;
    expect_error([&] { ready.net.backward(batch, 1, 0); }, "is no class", "");
  }
  batch.labels.pop_back();
  expect_error([&] { ready.net.backward(batch, 1, 0); }, "fewer labels", "");
}

}  // namespace
}  // namespace intrain::test
