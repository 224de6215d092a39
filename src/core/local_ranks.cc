#include "core/local_ranks.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/packed_integer.h"
#include "core/slice.h"

namespace intrain {

namespace {

constexpr const char* kEnded = "it ended before the others";

using Counts = std::array<int64_t, Reducer::kChannels>;
constexpr Counts kNever = {INT64_MAX, INT64_MAX};

bool same_kind(const ReduceSpan& a, const ReduceSpan& b) { return a.type == b.type && a.count == b.count; }

template <int kBytes>
int64_t with_sign(uint64_t v) {
  return static_cast<int64_t>(v << (64 - 8 * kBytes)) >> (64 - 8 * kBytes);
}

// Sums are modulo 2^bits.
template <int kBytes>
void reduce(ReduceOp op, const std::vector<void*>& values, int64_t count) {
  const int ranks = static_cast<int>(values.size());
  const auto all_of = [&](int64_t i) {
    uint64_t all = load_packed<kBytes>(values[0], i);
    for (size_t r = 1; r < values.size(); ++r) {
      const uint64_t v = load_packed<kBytes>(values[r], i);
      all = op != ReduceOp::kMax ? all + v : with_sign<kBytes>(v) > with_sign<kBytes>(all) ? v : all;
    }
    return all;
  };
  for (int rank = 0; rank < ranks; ++rank) {
    const Slice slice = slice_of(count, rank, ranks);
    void* const own = values[static_cast<size_t>(rank)];
    for (int64_t i = slice.first; i < slice.first + slice.count; ++i) {
      const uint64_t all = op == ReduceOp::kGather ? load_packed<kBytes>(own, i) : all_of(i);
      if (op == ReduceOp::kScatteredSum)
        store_packed<kBytes>(own, i, all);
      else
        for (void* v : values) store_packed<kBytes>(v, i, all);
    }
  }
}

void reduce(ReduceOp op, const ReduceSpan& span, const std::vector<void*>& values) {
  constexpr void (*kReduce[])(ReduceOp, const std::vector<void*>&, int64_t) = {reduce<1>, reduce<2>, reduce<3>, reduce<4>,
                                                                               reduce<8>};
  kReduce[static_cast<int>(span.type)](op, values, span.count);
}

// What the ranks share. Reduction n of a channel is at place n mod kMostUnderWay.
class Group {
 public:
  explicit Group(int ranks) : ranks_(ranks), left_(static_cast<size_t>(ranks), kNever) {
    for (auto& places : places_)
      for (int64_t number = 0; number < Reducer::kMostUnderWay; ++number) {
        Place& place = places[static_cast<size_t>(number)];
        place.number = number;
        place.values.resize(static_cast<size_t>(ranks));
      }
  }

  void begin(int rank, Channel channel, int64_t number, ReduceOp op, const ReduceSpan& span) {
    std::unique_lock lock(mutex_);
    Place& place = place_of(channel, number);
    changed_.wait(lock, [&] { return failure_ || place.number == number; });  // those who were here have left
    if (failure_) return;
    for (int other = 0; other < ranks_; ++other)
      if (left_[static_cast<size_t>(other)][static_cast<size_t>(channel)] <= number) return set_failure(other, kEnded);
    if (place.begun == 0) {
      place.op = op;
      place.span = span;
    } else if (place.op != op || !same_kind(*place.span, span)) {
      return set_failure(rank, "it reduces something else than the others");
    }
    place.values[static_cast<size_t>(rank)] = span.data;
    if (++place.begun < ranks_) return;
    reduce(op, span, place.values);
    changed_.notify_all();
  }

  std::optional<RankFailure> finish(Channel channel, int64_t number) {
    std::unique_lock lock(mutex_);
    Place& place = place_of(channel, number);
    changed_.wait(lock, [&] { return failure_ || (place.number == number && place.begun == ranks_); });
    if (failure_) return failure_;
    if (++place.finished < ranks_) return {};
    place.begun = place.finished = 0;
    place.number += Reducer::kMostUnderWay;
    changed_.notify_all();
    return {};
  }

  // After `begun` reductions of each channel: who waits for a later one would wait for ever.
  void leave(int rank, const Counts& begun) {
    const std::lock_guard lock(mutex_);
    left_[static_cast<size_t>(rank)] = begun;
    for (size_t channel = 0; channel < places_.size(); ++channel)
      for (const Place& place : places_[channel])
        if (place.begun > 0 && place.number >= begun[channel]) set_failure(rank, kEnded);
  }

  void fail(int rank, const std::string& what) {
    const std::lock_guard lock(mutex_);
    set_failure(rank, what);
  }
  // The rank that failed first; none: -1.
  int failed() const { return failure_ ? failure_->rank : -1; }

 private:
  struct Place {
    int64_t number;  // of the reduction that is here, or will be
    int begun = 0, finished = 0;
    ReduceOp op = ReduceOp::kSum;
    std::optional<ReduceSpan> span;  // of the first
    std::vector<void*> values;       // by rank
  };

  Place& place_of(Channel channel, int64_t number) {
    return places_[static_cast<size_t>(channel)][static_cast<size_t>(number % Reducer::kMostUnderWay)];
  }
  void set_failure(int rank, const std::string& what) {
    if (!failure_) failure_ = {rank, what};
    changed_.notify_all();
  }

  const int ranks_;
  std::vector<Counts> left_;  // reductions that a rank had begun when it ended
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<std::array<Place, Reducer::kMostUnderWay>, Reducer::kChannels> places_;
  std::optional<RankFailure> failure_;
};

class LocalRank final : public Reducer {
 public:
  LocalRank(std::shared_ptr<Group> group, int rank, int ranks) : Reducer(rank, ranks), group_(std::move(group)) {}
  ~LocalRank() override { group_->leave(rank(), begun_); }

 private:
  void start(Channel channel, ReduceOp op, ReduceSpan values) override {
    group_->begin(rank(), channel, begun_[static_cast<size_t>(channel)]++, op, values);
  }
  std::optional<RankFailure> wait(Channel channel) override {
    return group_->finish(channel, finished_[static_cast<size_t>(channel)]++);
  }
  void fail() override { group_->fail(rank(), kEnded); }

  const std::shared_ptr<Group> group_;
  Counts begun_{}, finished_{};
};

}  // namespace

void run_local_ranks(int ranks, const std::function<void(int rank, std::unique_ptr<Reducer> reducer)>& body) {
  if (ranks < 1 || ranks > 1024) throw Error(std::to_string(ranks) + " ranks", "", "give 1 to 1024");
  const auto group = std::make_shared<Group>(ranks);
  std::vector<std::exception_ptr> thrown(static_cast<size_t>(ranks));
  const auto run = [&](int rank) {
    try {
      body(rank, std::make_unique<LocalRank>(group, rank, ranks));
    } catch (...) {
      thrown[static_cast<size_t>(rank)] = std::current_exception();
      group->fail(rank, kEnded);
    }
  };
  std::vector<std::thread> threads;
  try {
    for (int rank = 0; rank < ranks; ++rank) threads.emplace_back(run, rank);
  } catch (const std::system_error& e) {
    group->fail(static_cast<int>(threads.size()), "it could not be started");
    for (std::thread& thread : threads) thread.join();
    throw Error("cannot start " + std::to_string(ranks) + " ranks: " + e.code().message(), "", "choose fewer");
  }
  for (std::thread& thread : threads) thread.join();
  // A rank that does something else than the others may have thrown nothing itself.
  if (const int first = group->failed(); first >= 0 && thrown[static_cast<size_t>(first)])
    std::rethrow_exception(thrown[static_cast<size_t>(first)]);
  for (const std::exception_ptr& e : thrown)
    if (e) std::rethrow_exception(e);
}

}  // namespace intrain
