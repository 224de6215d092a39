// What a checkpoint may hold of a net: the formats, and that within them no instruction set differs.
#include "nn/state.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/memory.h"
#include "models/net_file.h"
#include "ops/kernels.h"
#include "support/forged_state.h"
#include "support/isas.h"
#include "support/nets.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

Widths wageubn() {
  Widths w;
  w.constant_g = w.fixed_w = w.fan_in_init = true;
  w.momentum = 13;
  w.w_stored = 32;
  return w;
}

struct StateOutcome {
  std::vector<int32_t> evaluated, trained;
  std::vector<std::vector<uint8_t>> state;
  bool operator==(const StateOutcome&) const = default;
};

// Evaluation, then a step, from a forged state.
StateOutcome run(Net (*make)(), Isa isa, int threads, const Widths& widths, uint64_t seed) {
  constexpr int kImages = 4;
  const auto runtime = std::make_shared<Runtime>(ops::make_kernels(isa), threads);
  Net net = make();
  net.set_widths(widths);
  net.prepare(kImages, true, runtime);
  net.initialize(1);
  Rng rng(seed);
  forge_state(net, [&](uint64_t n) { return n == 0 ? rng.bits() : rng.bits() % n; });
  const Batch batch = synthetic_batch(kImages);
  net.evaluate(batch);
  StateOutcome outcome{logits_of(net, kImages), {}, {}};
  SgdStep step{round_scalar10(100, -10), round_scalar10(922, -10), round_scalar10(1, -14), 5, 1};
  step.momentum_bits = widths.momentum;
  if (widths.constant_g) {
    step.rate = {26, -9};
    step.mom = {3, -2};
    step.range_log2 = 7;
  }
  train_step(net, batch, step);
  outcome.trained = logits_of(net, kImages);
  outcome.state = state_of(net);
  return outcome;
}

using ForgedState = IsaTest;

TEST_P(ForgedState, GivesTheSameOnEveryInstructionSet) {
  for (Net (*make)() : {one_of_each, inverted_residuals, one_of_each_stream})
    for (const Widths& widths : {Widths(), wageubn()})
      for (uint64_t seed = 0; seed < 4; ++seed)
        EXPECT_EQ(run(make, isa(), 2, widths, seed), run(make, Isa::kScalar, 1, widths, seed)) << seed;
}

INTRAIN_FOR_ALL_ISAS(ForgedState);

// What the step leaves can be loaded again.
TEST(State, StaysWithinItsFormats) {
  for (const Widths& widths : {Widths(), wageubn()}) {
    Net net = one_of_each();
    const auto runtime = std::make_shared<Runtime>(1);
    net.set_widths(widths);
    net.prepare(4, true, runtime);
    net.initialize(1);
    Rng rng(3);
    forge_state(net, [&](uint64_t n) { return n == 0 ? rng.bits() : rng.bits() % n; });
    SgdStep step{round_scalar10(1023, 0), round_scalar10(1023, -10), round_scalar10(512, -9), 5, 1};
    step.momentum_bits = widths.momentum;
    if (widths.constant_g) {
      step.rate = {511, -9};
      step.mom = {3, -2};
      step.range_log2 = 7;
    }
    for (step.step = 0; step.step < 8; ++step.step) train_step(net, synthetic_batch(4), step);
    for (const StateArray& a : net.state())
      for (int64_t i = 0; i < a.count; ++i) {
        const int64_t v = a.type == ElementType::kS16   ? static_cast<int16_t*>(a.data)[i]
                          : a.type == ElementType::kS32 ? static_cast<int32_t*>(a.data)[i]
                                                        : static_cast<int64_t*>(a.data)[i];
        ASSERT_LE(a.least, v) << a.name;
        ASSERT_GE(a.most, v) << a.name;
      }
  }
}

TEST(State, IsKnownBeforeTheNetTakesMemory) {
  Net net = one_of_each();
  ReadyNet ready(one_of_each(), 1, {.training = false});
  const std::vector<StateArray> before = net.state(), after = ready.net.state();
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(before[i].name, after[i].name);
    EXPECT_EQ(before[i].type, after[i].type);
    EXPECT_EQ(before[i].count, after[i].count);
    EXPECT_EQ(before[i].data, nullptr);
  }
}

TEST(Memory, MoreThanThereIsIsRefusedBeforeItIsTaken) {
  const auto runtime = std::make_shared<Runtime>(ops::make_kernels(Isa::kScalar), 1);
  std::string layers = "[[layer]]\ntype='conv'\nchannels=4\nsize=12\n";
  for (int i = 0; i < 900; ++i) layers += "[[layer]]\ntype='conv'\nchannels=16384\nsize=1\n";
  Net giant = build_net(layers, "giant.toml", 12, 12, 3, 10);
  expect_error([&] { giant.prepare(1, false, runtime); }, "GiB of memory, and there are", "model");
  std::string pairs;
  for (int i = 0; i < 20; ++i)
    pairs += "[[layer]]\ntype='conv'\nchannels=16384\nsize=1\n[[layer]]\ntype='conv'\nchannels=4\nsize=1\n";
  Net wide = build_net(pairs + "[[layer]]\ntype='average_pool'\n", "wide.toml", 224, 224, 3, 10);
  expect_error([&] { wide.prepare(300, true, runtime); }, "in batches of 300 takes", "model");
  EXPECT_GT(memory_limit_bytes(), int64_t{1} << 26);
  EXPECT_NO_THROW(check_memory(memory_limit_bytes(), "all", {}, ""));
  if (memory_limit_bytes() < INT64_MAX) EXPECT_THROW(check_memory(memory_limit_bytes() + 1, "more", {}, ""), Error);
}

}  // namespace
}  // namespace intrain::test
