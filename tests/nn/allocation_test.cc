// Nothing is allocated in a training step or an evaluation: all memory is planned before the first.
#include <gtest/gtest.h>

#include <vector>

#include "core/local_ranks.h"
#include "core/slice.h"
#include "models/models.h"
#include "support/allocations.h"
#include "support/isas.h"
#include "support/nets.h"

namespace intrain::test {
namespace {

class NoAllocation : public IsaTest {};
INTRAIN_FOR_ALL_ISAS(NoAllocation);

TEST_P(NoAllocation, InAStepOrAnEvaluation) {
  const Batch batch = synthetic_batch(8);
  for (const char* model : {"mlp", "resnet8", "resnet8_v2", "resnet18", "mobilenet_v2"}) {
    if (isa() == Isa::kScalar && (model == std::string("resnet18") || model == std::string("mobilenet_v2"))) continue;  // slow
    for (int threads : {1, 2}) {
      Net net = build_model(model, 12, 12, 1, 10);
      if (threads == 2) net.recompute(200);
      ReadyNet ready(std::move(net), 8, {.isa = isa(), .threads = threads});
      int64_t before = allocations();
      ready.net.quantize_parameters();
      for (uint32_t step = 0; step < 2; ++step) ready.train(batch, 50, step);
      EXPECT_EQ(allocations() - before, 0) << model << ", two steps, " << threads << " threads";
      before = allocations();
      ready.net.evaluate(batch);
      EXPECT_EQ(allocations() - before, 0) << model << ", an evaluation, " << threads << " threads";
    }
  }
}

// Nor on ranks, while several gradients are under way.
TEST(NoAllocationOnRanks, InAStep) {
  for (const char* model : {"mlp", "resnet8", "mobilenet_v2"})
    run_local_ranks(3, [&](int rank, std::unique_ptr<Reducer> reducer) {
      const Slice slice = slice_of(8, rank, 3);
      Batch batch = synthetic_batch(static_cast<int>(slice.count), static_cast<int>(slice.first));
      batch.first = static_cast<int>(slice.first);
      batch.total = 8;
      const auto runtime = std::make_shared<Runtime>(1, std::move(reducer));
      ReadyNet ready(build_model(model, 12, 12, 1, 10), 8, {.runtime = runtime});
      // All are between two of these sums while anyone counts.
      int64_t all = 0;
      runtime->reducer().sum(&all, 1);
      const int64_t before = allocations();
      runtime->reducer().sum(&all, 1);
      for (uint32_t step = 0; step < 2; ++step) ready.train(batch, 50, step);
      runtime->reducer().sum(&all, 1);
      const int64_t taken = allocations() - before;
      runtime->reducer().sum(&all, 1);
      EXPECT_EQ(taken, 0) << model << ", two steps on rank " << rank;
    });
}

TEST(NoAllocationCounter, SeesAnAllocation) {
  const int64_t before = allocations();
  std::vector<int> values(1000);
  asm volatile("" : : "r"(values.data()) : "memory");  // it may not be left out
  EXPECT_EQ(allocations() - before, 1);
}

}  // namespace
}  // namespace intrain::test
