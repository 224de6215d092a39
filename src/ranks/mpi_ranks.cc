#include "ranks/mpi_ranks.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "core/check.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/slice.h"
#include "ranks/add_parts.h"
#include "ranks/check_sums.h"
#include "ranks/pause.h"

namespace intrain {

namespace {

using Clock = RankWatch::Clock;
using std::chrono::milliseconds;

}  // namespace

// What a Runtime has.
class MpiRanks::Ranked final : public Reducer {
 public:
  explicit Ranked(MpiRanks& all) : Reducer(all.rank_, all.ranks_), all_(all) {}
  std::string name_of(int rank) const override { return all_.name_of(rank); }

 private:
  void start(Channel channel, ReduceOp op, ReduceSpan values) override {
    all_.start(static_cast<int>(channel), op, values, layer(), pass());
  }
  std::optional<RankFailure> wait(Channel channel) override { return all_.wait(static_cast<int>(channel)); }
  void fail() override { all_.give_up(); }

  MpiRanks& all_;
};

MpiRanks::MpiRanks(const IntrainMpiPlugin& plugin, const Launch& launch, MpiOptions options)
    : plugin_(plugin), options_(std::move(options)), watch_(0, 1, options_.patience_ms) {
  if (plugin.slots < kSlots)
    throw Error("the plug-in keeps " + std::to_string(plugin.slots) + " reductions going, of " + std::to_string(kSlots), "",
                "build it again with 'make mpi'");
  const char *library = "", *hint = "see its own messages, and whether another program of MPI starts";
  if (const char* why = plugin_.join(options_.shares_process ? 1 : 0, &rank_, &ranks_, &library, &hint))
    throw Error(std::string("MPI cannot start: ") + why, "", hint);
  library_ = library;
  if (launch.ranks > 1 && launch.ranks != ranks_)
    throw Error(launch.launcher + " started " + std::to_string(launch.ranks) + " ranks, but MPI (" + library_ + ") knows of " +
                    std::to_string(ranks_),
                "", "start with the mpirun of that MPI, or give srun the --mpi that it takes ('srun --mpi=list')");
  slices_.resize(static_cast<size_t>(ranks_) + 1);
  parts_at_ = slices_;
  watch_ = RankWatch(rank_, ranks_, options_.patience_ms);
  living_.assign(static_cast<size_t>(ranks_), -1);
  watcher_ = std::thread([this] { watch(); });
  try {
    exchange_hosts();
    check_sums(*reducer());
  } catch (...) {
    ending_ = true;
    watcher_.join();
    throw;
  }
}

MpiRanks::~MpiRanks() {
  ending_ = true;
  if (watcher_.joinable()) watcher_.join();
  for (const int fd : living_)
    if (fd >= 0) close(fd);
}

std::string MpiRanks::unlocked_name_of(int rank) const {
  return hosts_.empty() ? "rank " + std::to_string(rank) : rank_text(hosts_[static_cast<size_t>(rank)]);
}

std::string MpiRanks::name_of(int rank) const {
  const std::lock_guard lock(mutex_);
  return unlocked_name_of(rank);
}

std::unique_ptr<Reducer> MpiRanks::reducer() { return std::make_unique<Ranked>(*this); }

int MpiRanks::threads() const { return threads_of_rank(hosts_, rank_, available_threads()); }

void MpiRanks::exchange_hosts() {
  std::vector<RankHost> hosts(static_cast<size_t>(ranks_));
  hosts[static_cast<size_t>(rank_)] = this_host(rank_);
  if (const auto failure = gather(hosts, "the names of hosts", -1))
    throw Error("ranks cannot reach each other: " + failure->what, "", "see whether another program of MPI runs on these hosts");
  check_hosts(hosts);
  const std::lock_guard lock(mutex_);
  hosts_ = std::move(hosts);
  open_processes();
}

// Those of this machine: the system tells when one of them ends.
void MpiRanks::open_processes() {
  const RankHost& here = hosts_[static_cast<size_t>(rank_)];
  for (const RankHost& other : hosts_)
    if (other.rank != rank_ && here.processes != 0 && other.processes == here.processes)
      living_[static_cast<size_t>(other.rank)] = static_cast<int>(syscall(SYS_pidfd_open, other.process, 0));
}

void MpiRanks::lose(int rank, const std::string& what) {
  if (!failure_) failure_ = {rank, what};
}

void MpiRanks::call_failed(const char* why) { lose(rank_, "MPI (" + library_ + ") fails: " + why); }

std::string MpiRanks::text_of(const Pending& pending) {
  std::string text =
      std::string(pending.what) + " of " + std::to_string(pending.count) + (pending.count == 1 ? " number" : " numbers");
  if (pending.pass != nullptr) text += std::string(" (layer ") + pending.layer + ", " + pending.pass + ")";
  return text;
}

void MpiRanks::start(int channel, ReduceOp op, const ReduceSpan& span, const char* layer, const char* pass) {
  const std::lock_guard lock(mutex_);
  const int slot = slot_at(channel, begun_[channel]++);
  Pending& pending = pending_[slot];
  constexpr const char* kWhat[] = {"a sum", "a maximum", "a scattered sum", "a gathering"};
  pending.what = kWhat[static_cast<int>(op)];
  pending.count = span.count;
  pending.pass = layer != nullptr ? pass : nullptr;
  std::snprintf(pending.layer, sizeof pending.layer, "%s", layer != nullptr ? layer : "");
  ++under_way_;
  if (failure_) return;
  if (const char* why = begin(slot, channel, op, span)) call_failed(why);
}

const char* MpiRanks::begin(int slot, int channel, ReduceOp op, const ReduceSpan& span) {
  const bool wide = span.type == ReduceSpan::Type::kS64;
  const int width = ReduceSpan::bytes_of(span.type);
  if (op == ReduceOp::kSum || op == ReduceOp::kMax) {
    CHECK_TRUE(wide || span.type == ReduceSpan::Type::kS32);
    return plugin_.reduce(slot, channel, op == ReduceOp::kSum ? kIntrainMpiSum : kIntrainMpiMax,
                          wide ? kIntrainMpiS64 : kIntrainMpiS32, span.data, span.count);
  }
  for (int r = 0; r < ranks_; ++r) slices_[static_cast<size_t>(r)] = slice_of(span.count, r, ranks_).first;
  slices_.back() = span.count;
  if (op == ReduceOp::kGather) return plugin_.gather(slot, channel, width, span.data, slices_.data());
  // Each rank is sent its slice of all others, and adds.
  const int64_t mine = slice_of(span.count, rank_, ranks_).count;
  for (int r = 0; r <= ranks_; ++r) parts_at_[static_cast<size_t>(r)] = r * mine;
  Pending& pending = pending_[slot];
  pending.scattered.emplace(span);
  pending.parts = free_parts_.take(static_cast<size_t>(ranks_ * mine * width));
  return plugin_.exchange(slot, channel, width, span.data, slices_.data(), pending.parts.data(), parts_at_.data());
}

// What is done of a reduction once all is there.
void MpiRanks::complete(Pending& pending) {
  if (!pending.scattered) return;
  const ReduceSpan span = *pending.scattered;
  pending.scattered.reset();
  const Slice mine = slice_of(span.count, rank_, ranks_);
  const int width = ReduceSpan::bytes_of(span.type);
  add_parts(width, pending.parts.data(), ranks_, mine.count, static_cast<uint8_t*>(span.data) + mine.first * width);
  free_parts_.give_back(std::move(pending.parts));
}

void MpiRanks::give_up() {
  const std::lock_guard lock(mutex_);
  is_abandoned_ = is_abandoned_ || !std::equal(begun_, begun_ + kControl, finished_);
  lose(rank_, "it has given up");
}

std::optional<RankFailure> MpiRanks::wait(int channel, int64_t wait_ms) {
  const int64_t number = finished_[channel];
  const int slot = slot_at(channel, number);
  Pause pause;
  waiting_ = true;
  for (bool first = true;; first = false, pause()) {
    const std::lock_guard lock(mutex_);
    const Clock::time_point now = wait_ms >= 0 || first ? Clock::now() : Clock::time_point();
    int32_t done = 0;
    if (first) watch_.wait_for(channel, number, now);
    if (!failure_)
      if (const char* why = plugin_.test(slot, &done)) call_failed(why);
    const bool late = wait_ms >= 0 && now - watch_.waits_since() >= milliseconds(wait_ms);
    if (!done && !failure_ && !late) continue;
    watch_.wait_no_more();
    waiting_ = false;
    if (failure_) {
      if (!hosts_.empty() && unlocked_tells(failure_->rank)) announce_failure();
      return failure_;
    }
    if (!done) return RankFailure{rank_, "others do not come"};
    complete(pending_[slot]);
    ++finished_[channel];
    --under_way_;
    return {};
  }
}

std::optional<RankFailure> MpiRanks::gather(void* all, int64_t bytes, const char* what, int64_t wait_ms) {
  {
    const std::lock_guard lock(mutex_);
    const int slot = slot_at(kControl, begun_[kControl]++);
    pending_[slot].what = what;
    pending_[slot].count = ranks_;
    pending_[slot].pass = nullptr;
    ++under_way_;
    for (int r = 0; r <= ranks_; ++r) slices_[static_cast<size_t>(r)] = r * (bytes / 8);
    if (!failure_)
      if (const char* why = plugin_.gather(slot, kIntrainMpiControl, 8, all, slices_.data())) call_failed(why);
  }
  return wait(kControl, wait_ms);
}

}  // namespace intrain
