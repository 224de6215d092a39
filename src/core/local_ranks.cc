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

namespace intrain {

namespace {

constexpr const char* kEnded = "it ended before the others";

bool same_kind(const ReduceSpan& a, const ReduceSpan& b) { return a.type == b.type && a.count == b.count; }

// Into all of them.
template <class Integer>
void reduce(ReduceOp op, const std::vector<void*>& values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    // Without a sign: partial sums may wrap, as long as the whole one fits.
    using Unsigned = std::make_unsigned_t<Integer>;
    Integer all = static_cast<const Integer*>(values[0])[i];
    for (size_t r = 1; r < values.size(); ++r) {
      const Integer v = static_cast<const Integer*>(values[r])[i];
      all = op == ReduceOp::kMax ? std::max(all, v) : static_cast<Integer>(static_cast<Unsigned>(all) + static_cast<Unsigned>(v));
    }
    for (void* v : values) static_cast<Integer*>(v)[i] = all;
  }
}

// What the ranks share. Reduction n of each rank is at place n mod kMostUnderWay.
class Group {
 public:
  explicit Group(int ranks) : ranks_(ranks), left_(static_cast<size_t>(ranks), INT64_MAX) {
    int64_t number = 0;
    for (Place& place : places_) {
      place.number = number++;
      place.values.resize(static_cast<size_t>(ranks));
    }
  }

  void begin(int rank, int64_t number, ReduceOp op, const ReduceSpan& span) {
    std::unique_lock lock(mutex_);
    Place& place = place_of(number);
    changed_.wait(lock, [&] { return failure_ || place.number == number; });  // those who were here have left
    if (failure_) return;
    const auto gone = std::find_if(left_.begin(), left_.end(), [&](int64_t begun) { return begun <= number; });
    if (gone != left_.end()) return set_failure(static_cast<int>(gone - left_.begin()), kEnded);
    if (place.begun == 0) {
      place.op = op;
      place.span = span;
    } else if (place.op != op || !same_kind(*place.span, span)) {
      return set_failure(rank, "it reduces something else than the others");
    }
    place.values[static_cast<size_t>(rank)] = span.data;
    if (++place.begun < ranks_) return;
    if (span.type == ReduceSpan::Type::kS32)
      reduce<int32_t>(op, place.values, span.count);
    else
      reduce<int64_t>(op, place.values, span.count);
    changed_.notify_all();
  }

  std::optional<RankFailure> finish(int64_t number) {
    std::unique_lock lock(mutex_);
    Place& place = place_of(number);
    changed_.wait(lock, [&] { return failure_ || (place.number == number && place.begun == ranks_); });
    if (failure_) return failure_;
    if (++place.finished < ranks_) return {};
    place.begun = place.finished = 0;
    place.number += Reducer::kMostUnderWay;
    changed_.notify_all();
    return {};
  }

  // After `begun` reductions: who waits for a later one would wait for ever.
  void leave(int rank, int64_t begun) {
    const std::lock_guard lock(mutex_);
    left_[static_cast<size_t>(rank)] = begun;
    for (const Place& place : places_)
      if (place.begun > 0 && place.number >= begun) set_failure(rank, kEnded);
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

  Place& place_of(int64_t number) { return places_[static_cast<size_t>(number % Reducer::kMostUnderWay)]; }
  void set_failure(int rank, const std::string& what) {
    if (!failure_) failure_ = {rank, what};
    changed_.notify_all();
  }

  const int ranks_;
  std::vector<int64_t> left_;  // reductions that a rank had begun when it ended
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<Place, Reducer::kMostUnderWay> places_;
  std::optional<RankFailure> failure_;
};

class LocalRank final : public Reducer {
 public:
  LocalRank(std::shared_ptr<Group> group, int rank, int ranks) : Reducer(rank, ranks), group_(std::move(group)) {}
  ~LocalRank() override { group_->leave(rank(), begun_); }

 private:
  void start(ReduceOp op, ReduceSpan values) override { group_->begin(rank(), begun_++, op, values); }
  std::optional<RankFailure> wait() override { return group_->finish(finished_++); }

  const std::shared_ptr<Group> group_;
  int64_t begun_ = 0, finished_ = 0;
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
