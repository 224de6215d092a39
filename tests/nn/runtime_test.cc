#include "nn/runtime.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "ops/kernels.h"
#include "support/nets.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

// The first of two ranks, whose other one has nothing to add; counts how often it is asked.
class CountingReducer final : public Reducer {
 public:
  explicit CountingReducer(int& calls) : Reducer(0, 2), calls_(calls) {}

 private:
  void start(Channel, ReduceOp, ReduceSpan) override { ++calls_; }
  std::optional<RankFailure> wait(Channel) override { return {}; }

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
  net.keep_gradients();
  net.prepare(8, true, runtime);
  net.initialize(1);
  Batch half = synthetic_batch(4);
  expect_error([&] { net.evaluate(half); }, "not the images of rank 0", "batch");
  half.total = 8;
  net.evaluate(half);
  EXPECT_EQ(calls, 0);  // ranks may evaluate unequal numbers of batches
  net.forward(half);
  const int forward = calls;
  EXPECT_GT(forward, 0);
  net.backward(half, 1, 0);
  EXPECT_GT(calls, forward);
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
