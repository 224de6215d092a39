// How the gradients of a net go over ranks: how many bytes, and what waits for them.
#include "train/whole_gradients.h"

#include <gtest/gtest.h>

#include "core/local_ranks.h"
#include "core/slice.h"
#include "models/models.h"
#include "support/nets.h"

namespace intrain::test {
namespace {

// Of a batch of 8 images.
Batch part_of_batch(const Reducer& reducer) {
  const Slice slice = slice_of(8, reducer.rank(), reducer.ranks());
  Batch batch = synthetic_batch(static_cast<int>(slice.count), static_cast<int>(slice.first));
  batch.first = static_cast<int>(slice.first);
  batch.total = 8;
  return batch;
}

TEST(WholeGradients, TakeFiveBytesAParameter) {
  for (const int ranks : {2, 5})
    run_local_ranks(ranks, [](int, std::unique_ptr<Reducer> reducer) {
      const Batch batch = part_of_batch(*reducer);
      const auto runtime = std::make_shared<Runtime>(1, std::move(reducer));
      ReadyNet ready(build_model("resnet8", 12, 12, 1, 10), 8, {.runtime = runtime});
      constexpr int kSteps = 4;
      for (uint32_t step = 0; step < kSteps; ++step) ready.train(batch, 50, step);
      int64_t weights = 0, channels = 0;
      for (const Parameter* p : ready.net.parameters()) (p->is_weight() ? weights : channels) += p->count();
      const ReducerTraffic gradients = runtime->reducer().traffic(Channel::kGradients);
      EXPECT_LE(gradients.bytes, kSteps * 5 * weights);  // what tells widths and exponents is in what small gradients save
      EXPECT_GT(gradients.bytes, kSteps * 3 * weights);  // 16 bits and 8 are the least
      // The two sums of a channel forward and backward, there and back, and some maxima a layer.
      EXPECT_LE(runtime->reducer().traffic(Channel::kSmall).bytes, kSteps * (2 * 8 * 4 * channels + 16 * 4 * 10));
    });
}

// The first of two ranks, whose other one has nothing to add; remembers what is begun and waited for, in order.
class RecordingReducer final : public Reducer {
 public:
  struct Call {
    Channel channel;
    bool begins;
  };
  explicit RecordingReducer(std::vector<Call>& calls) : Reducer(0, 2), calls_(calls) {}

 private:
  void start(Channel channel, ReduceOp, ReduceSpan) override { calls_.push_back({channel, true}); }
  std::optional<RankFailure> wait(Channel channel) override {
    calls_.push_back({channel, false});
    return {};
  }
  std::vector<Call>& calls_;
};

TEST(WholeGradients, WaitForWhatWasBegunLayersBefore) {
  std::vector<RecordingReducer::Call> calls;
  auto reducer = std::make_unique<RecordingReducer>(calls);
  const Batch batch = part_of_batch(*reducer);
  ReadyNet ready(build_model("resnet8", 12, 12, 1, 10), 8, {.runtime = std::make_shared<Runtime>(1, std::move(reducer))});
  ready.net.forward(batch);
  calls.clear();
  SgdStep step{round_scalar10(50, -10), round_scalar10(922, -10), {}, 5, 0};
  class Drop final : public WholeGradients {
   public:
    using WholeGradients::WholeGradients;
    int parameters = 0;

   private:
    void whole(Parameter&) override { ++parameters; }
  } sink(ready.net, &step);
  ready.net.backward(batch, 5, 0, &sink);
  EXPECT_EQ(sink.parameters, static_cast<int>(ready.net.parameters().size()));

  // Small reductions begun so far, when each gradient's reduction was begun.
  std::vector<int> begun;
  int small_begun = 0, small_under_way = 0, gradients = 0, beside_small = 0, at_once = 0;
  size_t oldest = 0;
  for (const RecordingReducer::Call& call : calls) {
    if (call.channel == Channel::kSmall) {
      small_under_way += call.begins ? 1 : -1;
      small_begun += call.begins ? 1 : 0;
    } else if (call.begins) {
      ++gradients;
      begun.push_back(small_begun);
      beside_small += small_under_way > 0 ? 1 : 0;
    } else if (begun[oldest++] == small_begun) {
      ++at_once;
    }
  }
  EXPECT_EQ(oldest, begun.size());
  // Of all parameters but gamma and beta four reductions; those of the last layers, and the bounds before a pool, have nothing to go on behind.
  int reduced = 0;
  for (const Parameter* p : ready.net.parameters()) reduced += p->grad_reduced ? 0 : 1;
  EXPECT_EQ(gradients, 4 * reduced);
  EXPECT_LE(at_once, 4 + 3 + 2 + 1 + 2);
  // The maximum of the next layer's error is under way while a layer multiplies its weights.
  EXPECT_GT(beside_small, 0);
}

}  // namespace
}  // namespace intrain::test
