// The one seam for everything that crosses samples: batch-norm sums, d_gamma and d_beta, weight gradients, and every maximum that
// sets an exponent go through it, exactly and before any rounding. With one process nothing is to be done; ranks then return the
// same bits, in whatever order they add integers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/api.h"
#include "core/error.h"

namespace intrain {

// kSum and kMax: of each integer, on all ranks. kScatteredSum: the sums of a rank's slice (core/slice.h) on that rank alone; what the
// others' slices hold after is undefined. kGather: a rank's slice, as it is there, on all ranks. Sums are modulo 2^bits of the type: parts of
// one may pass its ends if the whole does not.
enum class ReduceOp { kSum, kMax, kScatteredSum, kGather };

// Integers that are reduced in place.
struct ReduceSpan {
  enum class Type { kS8, kS16, kS24, kS32, kS64 };  // kS24: three bytes, the lowest first
  Type type;
  void* data;
  int64_t count;

  ReduceSpan(Type t, void* values, int64_t n) : type(t), data(values), count(n) {}
  ReduceSpan(int32_t* values, int64_t n) : ReduceSpan(Type::kS32, values, n) {}
  ReduceSpan(int64_t* values, int64_t n) : ReduceSpan(Type::kS64, values, n) {}

  static constexpr int bytes_of(Type type) {
    constexpr int kBytes[] = {1, 2, 3, 4, 8};
    return kBytes[static_cast<int>(type)];
  }
  int64_t bytes() const { return count * bytes_of(type); }
};

// Why a reduction has no result: no later one will have one either.
struct RankFailure {
  int rank;  // that is gone, or does something else than the others
  std::string what;
};

// The same as what is thrown: no later reduction has a result either.
struct INTRAIN_API LostRank : Error {
  using Error::Error;
  int rank = 0;
};

// Why this rank ends is another's failure, which that one tells itself.
struct INTRAIN_API ToldElsewhere : Error {
  using Error::Error;
};

// Reductions of one channel never wait for those of the other.
enum class Channel {
  kSmall,      // what a layer waits for: sums and maxima of batch norm and errors, and what a training agrees on
  kGradients,  // what it does not wait for
};

// What a rank has had reduced. Bytes: of a span once, and twice where each rank gets the whole result of a sum or a maximum, which is what
// each of many ranks sends at least.
struct ReducerTraffic {
  int64_t calls = 0, bytes = 0;
};

// Specification. All ranks begin the same reductions of a channel in the same order; a reduction is an operation, a type and a count. What has
// been begun belongs to the reducer until its finish(), and reductions of a channel are finished in the order in which they were begun.
class INTRAIN_API Reducer {
 public:
  static constexpr int kChannels = 2;
  // Begun and not finished at one time in a channel, the one that is being begun included.
  static constexpr int kMostUnderWay = 8;

  virtual ~Reducer() = default;
  Reducer(const Reducer&) = delete;
  Reducer& operator=(const Reducer&) = delete;

  int rank() const { return rank_; }
  int ranks() const { return ranks_; }
  const ReducerTraffic& traffic(Channel channel) const { return traffic_[static_cast<size_t>(channel)]; }

  // "rank 2", with its host where that is known.
  virtual std::string name_of(int rank) const;
  // Where in the net what is reduced from now on comes from, for whoever waits for it: the layer's name, and the pass, a literal. Null: neither.
  struct Place {
    const char *layer = nullptr, *pass = nullptr;
  };
  void set_place(const char* layer, const char* pass) { place_ = {layer, pass}; }
  Place place() const { return place_; }

  void begin(ReduceOp op, ReduceSpan values, Channel channel = Channel::kSmall) {
    if (ranks_ == 1) return;
    count(op, values, channel);
    start(channel, op, values);
  }
  // Of the channel's oldest one: waits until the values are those of all ranks. On failure they are undefined.
  [[nodiscard]] std::optional<RankFailure> finish(Channel channel = Channel::kSmall) {
    return ranks_ > 1 ? wait(channel) : std::nullopt;
  }
  // The same; throws Error on failure.
  void complete(Channel channel);
  // This rank cannot go on: what is under way fails on all ranks, and from now on nobody touches the spans that this one has begun.
  void give_up() {
    if (ranks_ > 1) fail();
  }

  // Both at once, with none of the channel under way. Throw Error on failure.
  void sum(ReduceSpan values) { reduce(ReduceOp::kSum, values); }
  void max(ReduceSpan values) { reduce(ReduceOp::kMax, values); }
  void sum(int64_t* values, int64_t count) { sum(ReduceSpan(values, count)); }
  void sum(int32_t* values, int64_t count) { sum(ReduceSpan(values, count)); }
  void max(int64_t* values, int64_t count) { max(ReduceSpan(values, count)); }

 protected:
  Reducer(int rank, int ranks) : rank_(rank), ranks_(ranks) {}
  const char* layer() const { return place_.layer; }
  const char* pass() const { return place_.pass; }
  virtual void start(Channel channel, ReduceOp op, ReduceSpan values) = 0;
  virtual std::optional<RankFailure> wait(Channel channel) = 0;
  virtual void fail() {}

 private:
  void count(ReduceOp op, const ReduceSpan& values, Channel channel);
  void reduce(ReduceOp op, ReduceSpan values) {
    if (ranks_ == 1) return;
    begin(op, values);
    complete(Channel::kSmall);
  }

  const int rank_, ranks_;
  std::array<ReducerTraffic, kChannels> traffic_;
  Place place_;
};

// Costs a comparison.
class INTRAIN_API SingleProcess final : public Reducer {
 public:
  SingleProcess() : Reducer(0, 1) {}

 private:
  void start(Channel, ReduceOp, ReduceSpan) override {}
  std::optional<RankFailure> wait(Channel) override { return {}; }
};

}  // namespace intrain
