// Updates whose gradients came over ranks, against those of one process.
#include "optim/gradient_exchange.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "core/error.h"
#include "core/local_ranks.h"
#include "optim/sgd.h"
#include "support/rng.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

constexpr SgdStep kStep{{512, -15}, {928, -10}, {832, -23}, 5, 3};

// A parameter with memory of its own.
struct OwnParameter : Parameter {
  OwnParameter(int64_t n, int bits, uint32_t number_in_net) {
    shape = {static_cast<int>(n), 1};
    grad_bits = bits;
    number = number_in_net;
    grad_exp = -30;
    Rng rng(number);
    const auto size = static_cast<size_t>(n);
    master_memory.resize(size);
    fill(rng, Fill::kUniform, master_memory.data(), n, 2 - (1 << 24), (1 << 24) - 2);
    momentum_memory.resize(size);
    fill(rng, Fill::kUniform, momentum_memory.data(), n, -4000, 4000);
    grad_memory.resize(size);
    wire_memory.resize(size * kWireBytes);
    master = master_memory;
    momentum = momentum_memory;
    grad = grad_memory;
    wire = wire_memory;
  }
  OwnParameter(const OwnParameter&) = delete;

  std::vector<int32_t> master_memory;
  std::vector<int16_t> momentum_memory;
  std::vector<int64_t> grad_memory;
  std::vector<uint8_t> wire_memory;
};

// What `rank` has of a gradient: maxima of the ranks that add up to `bound`, which is reached where they have the same sign.
std::vector<int64_t> part_of_gradient(int64_t count, int64_t bound, int rank, int ranks) {
  const int64_t most = bound / ranks + (rank < bound % ranks ? 1 : 0);
  Rng rng(static_cast<uint64_t>(100 + rank));
  std::vector<int64_t> part(static_cast<size_t>(count));
  for (int64_t& g : part) g = rng.range(-most, most);
  part[0] = most;
  part.back() = -most;
  return part;
}

struct Updated {
  std::vector<int32_t> master;
  std::vector<int16_t> momentum;
  int momentum_exp;
  bool operator==(const Updated&) const = default;
};
Updated update(Parameter& p, ThreadPool& pool) {
  sgd_update(p, kStep, ops::make_kernels(select_isa()), pool);
  return {{p.master.begin(), p.master.end()}, {p.momentum.begin(), p.momentum.end()}, p.momentum_exp};
}

struct Case {
  int64_t count;
  int grad_bits;
  int64_t bound;
  int sum_bytes;
};

// Five parameters one after the other, as if of five layers, so that several are under way.
void expect_same_as_alone(const Case& c, int ranks, bool rounds) {
  constexpr int kParameters = 5;
  const ops::Kernels kernels = ops::make_kernels(select_isa());
  std::vector<Updated> expected;
  ThreadPool pool(1);
  for (uint32_t i = 0; i < kParameters; ++i) {
    OwnParameter alone(c.count, c.grad_bits, i);
    for (int rank = 0; rank < ranks; ++rank) {
      const std::vector<int64_t> part = part_of_gradient(c.count, c.bound, rank, ranks);
      std::transform(part.begin(), part.end(), alone.grad.begin(), alone.grad.begin(), std::plus<>());
    }
    expected.push_back(update(alone, pool));
  }
  run_local_ranks(ranks, [&](int rank, std::unique_ptr<Reducer> reducer) {
    ThreadPool own_pool(1 + rank % 2);
    GradientExchange exchange(*reducer, kernels, own_pool, rounds ? &kStep : nullptr);
    std::vector<std::unique_ptr<OwnParameter>> list;
    uint32_t done = 0;
    const auto take = [&](Parameter& p) {
      EXPECT_EQ(p.number, done);
      EXPECT_EQ(update(p, own_pool), expected[done++]) << c.count << " of " << c.sum_bytes << " bytes on " << ranks;
    };
    for (uint32_t i = 0; i < kParameters; ++i) {
      OwnParameter& p = *list.emplace_back(std::make_unique<OwnParameter>(c.count, c.grad_bits, i));
      p.grad_memory = part_of_gradient(c.count, c.bound, rank, ranks);
      p.grad = p.grad_memory;
      exchange.add(p, take);
      exchange.advance(take);
      const int later = rounds ? GradientExchange::kLayers : GradientExchange::kLayers - 1;
      EXPECT_EQ(static_cast<int>(done), std::max(0, static_cast<int>(i) + 1 - later));
    }
    exchange.finish(take);
    EXPECT_EQ(done, uint32_t{kParameters});
    const int64_t numbers = rounds ? 2 * 16 : 16;  // the bound, the maximum
    const int64_t gathered = rounds ? (c.grad_bits + 7) / 8 : c.sum_bytes;
    EXPECT_EQ(reducer->traffic(Channel::kGradients).bytes, kParameters * (c.count * (c.sum_bytes + gathered) + numbers));
    EXPECT_EQ(reducer->traffic(Channel::kSmall).calls, 0);
  });
}

// The least and the most that each width takes, and the largest sum that there may be.
constexpr int64_t k16 = INT16_MAX, k24 = (1 << 23) - 1, k32 = INT32_MAX;

TEST(GradientExchange, IsTheSameOnRanksAtEachWidth) {
  for (const int ranks : {2, 3, 5, 8})
    for (const auto& [bound, bytes] : {std::pair<int64_t, int>{3, 2},
                                       {k16, 2},
                                       {k16 + 1, 3},
                                       {k24, 3},
                                       {k24 + 1, 4},
                                       {k32, 4},
                                       {k32 + 1, 8},
                                       {int64_t{1} << 61, 8}})
      for (const bool rounds : {true, false}) expect_same_as_alone({1001, 8, bound, bytes}, ranks, rounds);
}

TEST(GradientExchange, OfBiasesAndOfFewerElementsThanRanks) {
  for (const int64_t count : {2, 7, 70000})
    for (const int bits : {16, 8, 4}) expect_same_as_alone({count, bits, 100000, 3}, 5, true);
}

// More than the reducer takes at a time, all of one layer.
TEST(GradientExchange, TakesAnyNumberOfParametersALayer) {
  const ops::Kernels kernels = ops::make_kernels(select_isa());
  run_local_ranks(2, [&](int, std::unique_ptr<Reducer> reducer) {
    ThreadPool pool(1);
    GradientExchange exchange(*reducer, kernels, pool, nullptr);
    std::vector<std::unique_ptr<OwnParameter>> list;
    uint32_t done = 0;
    const auto take = [&](Parameter& p) {
      EXPECT_EQ(p.number, done++);
      for (const int64_t g : p.grad) EXPECT_EQ(g, 2 * int64_t{p.number});
    };
    for (uint32_t i = 0; i < 20; ++i) {
      OwnParameter& p = *list.emplace_back(std::make_unique<OwnParameter>(9, 8, i));
      std::fill(p.grad.begin(), p.grad.end(), i);
      exchange.add(p, take);
    }
    exchange.advance(take);
    exchange.finish(take);
    EXPECT_EQ(done, 20u);
  });
}

TEST(GradientExchange, EndsWithARankThatEnds) {
  const ops::Kernels kernels = ops::make_kernels(select_isa());
  std::string told;
  EXPECT_THROW(run_local_ranks(2,
                               [&](int rank, std::unique_ptr<Reducer> reducer) {
                                 if (rank == 1) throw std::runtime_error("no more");
                                 ThreadPool pool(1);
                                 GradientExchange exchange(*reducer, kernels, pool, &kStep);
                                 OwnParameter p(5, 8, 0);
                                 exchange.add(p, [](Parameter&) {});
                                 try {
                                   exchange.finish([](Parameter&) {});
                                 } catch (const Error& e) {
                                   told = e.what();
                                 }
                               }),
               std::runtime_error);
  EXPECT_NE(told.find("rank 1: it ended before the others"), std::string::npos) << told;
}

}  // namespace
}  // namespace intrain::test
