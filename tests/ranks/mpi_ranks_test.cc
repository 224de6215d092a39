// How ranks end where MPI fails under them: over an MPI of this process, for two ranks that are threads.
#include "ranks/mpi_ranks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "core/version.h"

namespace intrain {
namespace {

// What a rank has begun a collective with.
struct Part {
  const uint8_t* send = nullptr;
  uint8_t* data = nullptr;
  std::vector<int64_t> send_at = {}, at = {};
};
using Parts = std::array<Part, 2>;

// A collective is done once both have begun it, but for those that hang.
struct Wire {
  struct Meeting {
    Parts parts;
    int begun = 0;
    bool done = false;
  };
  std::mutex mutex;
  std::map<std::array<int64_t, 2>, Meeting> meetings;                // by channel and number
  std::array<std::array<int64_t, 3>, 2> begun{};                     // by rank and channel
  std::array<std::map<int32_t, std::array<int64_t, 2>>, 2> of_slot;  // by rank
  std::array<std::deque<std::pair<int, std::vector<char>>>, 2> messages;
  bool hangs = false;
  // Of rank 1: why what it asks for fails; null: it does not.
  const char *test_fails = nullptr, *send_fails = nullptr;

  const char* meet(int rank, int32_t slot, int32_t channel, Part part, const std::function<void(Parts&)>& compute) {
    const std::lock_guard lock(mutex);
    const std::array<int64_t, 2> key = {channel, begun[static_cast<size_t>(rank)][static_cast<size_t>(channel)]++};
    of_slot[static_cast<size_t>(rank)][slot] = key;
    Meeting& meeting = meetings[key];
    meeting.parts[static_cast<size_t>(rank)] = std::move(part);
    if (++meeting.begun < 2 || hangs) return nullptr;
    compute(meeting.parts);
    meeting.done = true;
    return nullptr;
  }
};
Wire* g_wire = nullptr;

template <class T>
void reduce_parts(Parts& parts, int32_t op, int64_t count) {
  T *const a = reinterpret_cast<T*>(parts[0].data), *const b = reinterpret_cast<T*>(parts[1].data);
  for (int64_t i = 0; i < count; ++i) a[i] = b[i] = op == kIntrainMpiSum ? a[i] + b[i] : std::max(a[i], b[i]);
}

template <int kRank>
struct Plugin {
  static const char* join(int32_t, int32_t* rank, int32_t* ranks, const char** library, const char**) {
    *rank = kRank;
    *ranks = 2;
    *library = "of the test";
    return nullptr;
  }
  static const char* reduce(int32_t slot, int32_t channel, int32_t op, int32_t type, void* data, int64_t count) {
    return g_wire->meet(kRank, slot, channel, {.data = static_cast<uint8_t*>(data)}, [=](Parts& parts) {
      type == kIntrainMpiS64 ? reduce_parts<int64_t>(parts, op, count) : reduce_parts<int32_t>(parts, op, count);
    });
  }
  static const char* exchange(int32_t slot, int32_t channel, int32_t width, const void* send, const int64_t* send_at,
                              void* receive, const int64_t* receive_at) {
    const Part part{
        static_cast<const uint8_t*>(send), static_cast<uint8_t*>(receive), {send_at, send_at + 3}, {receive_at, receive_at + 3}};
    return g_wire->meet(kRank, slot, channel, part, [=](Parts& parts) {
      for (size_t from = 0; from < 2; ++from)
        for (size_t to = 0; to < 2; ++to)
          std::copy_n(parts[from].send + parts[from].send_at[to] * width,
                      (parts[from].send_at[to + 1] - parts[from].send_at[to]) * width,
                      parts[to].data + parts[to].at[from] * width);
    });
  }
  static const char* gather(int32_t slot, int32_t channel, int32_t width, void* data, const int64_t* at) {
    // Two machines, so that each rank tells what it knows.
    if (at[1] * width == sizeof(RankHost)) static_cast<RankHost*>(data)[kRank].machine = kRank + 1;
    return g_wire->meet(kRank, slot, channel, {.data = static_cast<uint8_t*>(data), .at = {at, at + 3}}, [=](Parts& parts) {
      for (size_t from = 0; from < 2; ++from) {
        const Part& part = parts[from];
        std::copy_n(part.data + part.at[from] * width, (part.at[from + 1] - part.at[from]) * width,
                    parts[1 - from].data + part.at[from] * width);
      }
    });
  }
  static const char* test(int32_t slot, int32_t* done) {
    const std::lock_guard lock(g_wire->mutex);
    if (kRank == 1 && g_wire->test_fails != nullptr) return g_wire->test_fails;
    *done = g_wire->meetings[g_wire->of_slot[kRank][slot]].done ? 1 : 0;
    return nullptr;
  }
  static const char* send(int32_t to, const void* message, int32_t size, int32_t* sent) {
    const std::lock_guard lock(g_wire->mutex);
    if (kRank == 1 && g_wire->send_fails != nullptr) return g_wire->send_fails;
    const char* const bytes = static_cast<const char*>(message);
    g_wire->messages[static_cast<size_t>(to)].push_back({kRank, {bytes, bytes + size}});
    *sent = 1;
    return nullptr;
  }
  static const char* receive(void* message, int32_t, int32_t* from) {
    const std::lock_guard lock(g_wire->mutex);
    auto& list = g_wire->messages[kRank];
    *from = -1;
    if (list.empty()) return nullptr;
    *from = list.front().first;
    std::memcpy(message, list.front().second.data(), list.front().second.size());
    list.pop_front();
    return nullptr;
  }
  static void abort(int32_t) {}
  static const char* leave() { return nullptr; }
  static constexpr IntrainMpiPlugin kTable = {
      kIntrainMpiAbi, sizeof(IntrainMpiPlugin), kVersion, join, 32, reduce, exchange, gather, test, send, receive, abort, leave};
};

// body(ranks) on two threads, each of which has come as far as a training begins: hosts are known, and sums come out right.
class MpiRanksTest : public testing::Test {
 protected:
  MpiRanksTest() { g_wire = &wire_; }
  void on_both(const std::function<void(MpiRanks& ranks, Reducer& reducer)>& body) {
    MpiOptions options;
    options.patience_ms = 1000;  // a busy machine is no failure, which would come after ten of it
    const auto rank = [&](const IntrainMpiPlugin& plugin, int number) {
      MpiRanks ranks(plugin, {.rank = number, .ranks = 2, .launcher = "mpirun"}, options);
      const std::unique_ptr<Reducer> reducer = ranks.reducer();
      body(ranks, *reducer);
    };
    std::thread other([&] { rank(Plugin<1>::kTable, 1); });
    rank(Plugin<0>::kTable, 0);
    other.join();
  }
  void set(const char* Wire::*fault, const char* why) {
    const std::lock_guard lock(wire_.mutex);
    wire_.*fault = why;
  }
  void hang() {
    const std::lock_guard lock(wire_.mutex);
    wire_.hangs = true;
  }

  Wire wire_;
};

// Of a sum that never ends.
RankFailure failure_of(Reducer& reducer) {
  int64_t values[] = {1, 2};
  reducer.begin(ReduceOp::kSum, ReduceSpan(values, 2));
  const std::optional<RankFailure> failure = reducer.finish();
  return failure ? *failure : RankFailure{-1, "nothing"};
}

TEST_F(MpiRanksTest, EndWell) {
  on_both([&](MpiRanks& ranks, Reducer& reducer) {
    int64_t values[] = {1 + ranks.rank(), 5};
    reducer.sum(values, 2);
    EXPECT_EQ(values[0], 3);
    EXPECT_EQ(values[1], 10);
    const auto errors = ranks.end(static_cast<uint64_t>(ranks.rank()), -1);
    ASSERT_TRUE(errors);
    EXPECT_EQ(*errors, (std::vector<uint64_t>{0, 1}));
    ranks.leave();
  });
}

// MPI fails within a collective: the rank says so to the other, which waits in it, and no later one begins.
TEST_F(MpiRanksTest, ACollectiveFails) {
  on_both([&](MpiRanks& ranks, Reducer& reducer) {
    hang();
    if (ranks.rank() == 1) set(&Wire::test_fails, "a cable is cut");
    const RankFailure failure = failure_of(reducer);
    EXPECT_EQ(failure.rank, 1);
    EXPECT_EQ(failure.what, ranks.rank() == 1 ? "MPI (of the test) fails: a cable is cut" : "it has ended with an error");
    EXPECT_EQ(failure_of(reducer).what, failure.what);
    EXPECT_EQ(ranks.tells(1), ranks.rank() == 1);  // rank 0 knows that it is told
    EXPECT_FALSE(ranks.end(7, 10));
  });
}

// A sign of life cannot be sent: the wait that is under way fails, and there is no end together.
TEST_F(MpiRanksTest, ASendFails) {
  std::atomic<bool> told{false};
  on_both([&](MpiRanks& ranks, Reducer& reducer) {
    hang();
    if (ranks.rank() == 1) {
      set(&Wire::send_fails, "no route");
      const RankFailure failure = failure_of(reducer);
      EXPECT_EQ(failure.rank, 1);
      EXPECT_EQ(failure.what, "MPI (of the test) fails: no route");
      told = true;
      EXPECT_FALSE(ranks.end(7, 10));
    } else {
      while (!told) std::this_thread::yield();
      EXPECT_FALSE(ranks.end(0, 10));
    }
  });
}

}  // namespace
}  // namespace intrain
