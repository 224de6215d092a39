// The one seam for everything that crosses samples: batch-norm sums, d_gamma and d_beta, weight gradients, and every maximum that
// sets an exponent go through it, exactly and before any rounding. With one process nothing is to be done; ranks then return the
// same bits, in whatever order they add integers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/api.h"

namespace intrain {

enum class ReduceOp { kSum, kMax };

// Integers that are reduced in place.
struct ReduceSpan {
  enum class Type { kS32, kS64 };
  Type type;
  void* data;
  int64_t count;

  ReduceSpan(int32_t* values, int64_t n) : type(Type::kS32), data(values), count(n) {}
  ReduceSpan(int64_t* values, int64_t n) : type(Type::kS64), data(values), count(n) {}
};

// Why a reduction has no result: no later one will have one either.
struct RankFailure {
  int rank;  // that is gone, or does something else than the others
  std::string what;
};

// Specification. All ranks begin the same reductions in the same order; a reduction is an operation, a type and a count. What has been
// begun belongs to the reducer until its finish(), and reductions are finished in the order in which they were begun.
class INTRAIN_API Reducer {
 public:
  // Begun and not finished at one time, the one that is being begun included.
  static constexpr int kMostUnderWay = 8;

  virtual ~Reducer() = default;
  Reducer(const Reducer&) = delete;
  Reducer& operator=(const Reducer&) = delete;

  int rank() const { return rank_; }
  int ranks() const { return ranks_; }

  void begin(ReduceOp op, ReduceSpan values) {
    if (ranks_ > 1) start(op, values);
  }
  // Of the oldest one: waits until the values are those of all ranks. On failure they are undefined.
  [[nodiscard]] std::optional<RankFailure> finish() { return ranks_ > 1 ? wait() : std::nullopt; }

  // Both at once, with none under way. Throw Error on failure.
  void sum(ReduceSpan values) {
    if (ranks_ > 1) reduce(ReduceOp::kSum, values);
  }
  void max(ReduceSpan values) {
    if (ranks_ > 1) reduce(ReduceOp::kMax, values);
  }
  void sum(int64_t* values, int64_t count) { sum(ReduceSpan(values, count)); }
  void sum(int32_t* values, int64_t count) { sum(ReduceSpan(values, count)); }
  void max(int64_t* values, int64_t count) { max(ReduceSpan(values, count)); }

 protected:
  Reducer(int rank, int ranks) : rank_(rank), ranks_(ranks) {}
  virtual void start(ReduceOp op, ReduceSpan values) = 0;
  virtual std::optional<RankFailure> wait() = 0;

 private:
  void reduce(ReduceOp op, ReduceSpan values);

  const int rank_, ranks_;
};

// Costs a comparison.
class INTRAIN_API SingleProcess final : public Reducer {
 public:
  SingleProcess() : Reducer(0, 1) {}

 private:
  void start(ReduceOp, ReduceSpan) override {}
  std::optional<RankFailure> wait() override { return {}; }
};

}  // namespace intrain
