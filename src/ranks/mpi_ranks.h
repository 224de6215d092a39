// Ranks as processes of MPI.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/reducer.h"
#include "ranks/launch.h"
#include "ranks/mpi_plugin.h"
#include "ranks/part_buffers.h"
#include "ranks/rank_hosts.h"
#include "ranks/rank_watch.h"

namespace intrain {

struct MpiOptions {
  // What waits so long is told of, and fails after ten times that. Of the environment: patience_of_environment() (ranks/launch.h).
  int64_t patience_ms = 60'000;
  // A line about ranks that are waited for. Called on a thread of its own, on one rank.
  std::function<void(const std::string& line)> warn = [](const std::string&) {};
  bool shares_process = false;  // with others that call MPI
};

// This process as a rank: one a process. MPI is called by one thread at a time: by the one that reduces, and, while it computes or waits, by one
// that keeps reductions going, watches the other ranks, and sleeps in between.
class MpiRanks {
 public:
  // Joins the others and tries whether sums come out right. Throws Error, naming ranks and hosts.
  MpiRanks(const IntrainMpiPlugin& plugin, const Launch& launch, MpiOptions options);
  ~MpiRanks();
  MpiRanks(const MpiRanks&) = delete;
  MpiRanks& operator=(const MpiRanks&) = delete;

  int rank() const { return rank_; }
  int ranks() const { return ranks_; }
  const std::string& library() const { return library_; }
  // "rank 2 on node7".
  std::string name_of(int rank) const;
  // For the Runtime; this object must outlive it. One at a time.
  std::unique_ptr<Reducer> reducer();
  // How many threads this rank should compute with, where nobody says: ranks of one machine share its cores.
  int threads() const;

  // How ranks end. Each calls end() once, with 0 or a number that stands for its error, and has those of all, in their order; nothing if others
  // do not come to theirs within wait_ms (-1: for as long as it takes), or are lost. Then leave(), or abort(), which ends all.
  std::optional<std::vector<uint64_t>> end(uint64_t error, int64_t wait_ms);
  void leave();
  // After this rank has told why.
  [[noreturn]] void abort(int status);
  // Whether this rank is to tell that `lost` is, for all on its machine: not if that one has told why it ends.
  bool tells(int lost) const;

 private:
  class Ranked;
  static constexpr int kControl = 2, kChannels = 3;
  // Slots of the plug-in: those of a channel one after the other.
  static constexpr int kSlots = kChannels * Reducer::kMostUnderWay;
  static int slot_at(int channel, int64_t number) {
    return channel * Reducer::kMostUnderWay + static_cast<int>(number % Reducer::kMostUnderWay);
  }

  // What is under way, for whoever waits for it.
  struct Pending {
    const char* what = "";
    int64_t count = 0;
    char layer[48] = {};
    const char* pass = nullptr;  // null: of no layer
    std::optional<ReduceSpan> scattered;
    std::vector<uint8_t> parts;  // of a scattered sum, from all ranks
  };
  struct Ending {
    uint64_t error;
    int64_t said[2];  // beats, to each who listens
  };

  const char* begin(int slot, int channel, ReduceOp op, const ReduceSpan& span);
  void complete(Pending& pending);
  static std::string text_of(const Pending& pending);
  // From now on nobody touches what is under way.
  void give_up();
  void exchange_hosts();
  void open_processes();
  void start(int channel, ReduceOp op, const ReduceSpan& span, const char* layer, const char* pass);
  // Of the control channel: all[r] of each rank r, of `bytes` each. Where it fails it may still be under way.
  std::optional<RankFailure> gather(void* all, int64_t bytes, const char* what, int64_t wait_ms);
  template <class Each>
  std::optional<RankFailure> gather(std::vector<Each>& all, const char* what, int64_t wait_ms) {
    static_assert(sizeof(Each) % 8 == 0);
    return gather(all.data(), sizeof(Each), what, wait_ms);
  }
  std::optional<RankFailure> wait(int channel, int64_t wait_ms = -1);
  // With the lock.
  void lose(int rank, const std::string& what);
  void call_failed(const char* why);
  std::string unlocked_name_of(int rank) const;
  bool unlocked_tells(int lost) const;
  void announce_failure();

  // Of the thread that watches.
  void watch();
  void keep_going();
  void tick(RankWatch::Clock::time_point now);
  void look_for_the_dead();
  void say_and_hear(RankWatch::Clock::time_point now);

  const IntrainMpiPlugin& plugin_;
  const MpiOptions options_;
  int32_t rank_ = 0, ranks_ = 1;
  std::string library_;

  mutable std::mutex mutex_;  // of the plug-in, and of what follows
  std::vector<RankHost> hosts_;
  std::vector<int> living_;  // by rank: a descriptor of the process, where it is on this machine, else -1
  std::optional<RankFailure> failure_;
  bool is_told_ = false;       // by the rank itself
  bool is_announced_ = false;  // by this one
  bool is_abandoned_ = false;  // what is under way lies in memory that may be gone: nothing more is sent
  RankWatch watch_;
  int64_t said_[2] = {}, heard_ = 0;  // beats, to each who listens; by this one
  Pending pending_[kSlots];
  PartBuffers free_parts_;
  std::vector<Ending> endings_;  // by rank; lies here, for the last gathering may be left under way
  int64_t begun_[kChannels] = {}, finished_[kChannels] = {};
  std::vector<int64_t> slices_, parts_at_;  // where each rank's begin, and the end

  std::atomic<bool> waiting_{false};  // the thread that reduces keeps them going itself
  std::atomic<int> under_way_{0};
  std::atomic<bool> ending_{false};
  std::thread watcher_;
};

}  // namespace intrain
