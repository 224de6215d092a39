#include "ranks/mpi_ranks.h"

#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/error.h"
#include "core/parallel.h"
#include "ranks/check_sums.h"

namespace intrain {

namespace {

using Clock = RankWatch::Clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// Between looks at a reduction that is waited for: at first the core is only offered to others, later given up. What a layer waits for is there
// after some microseconds, or late.
class Pause {
 public:
  void operator()() {
    constexpr int kOffers = 2000;
    if (count_ < kOffers) {
      ++count_;
      sched_yield();
    } else {
      std::this_thread::sleep_for(microseconds(50));
    }
  }

 private:
  int count_ = 0;
};

constexpr const char* kPatienceVariable = "INTRAIN_RANKS_PATIENCE";

}  // namespace

int64_t patience_of_environment() {
  constexpr int64_t kDefault = 60, kMost = 86'400;
  const char* text = std::getenv(kPatienceVariable);
  if (text == nullptr || *text == '\0') return kDefault * 1000;
  int64_t seconds = 0;
  const char* end = text + std::strlen(text);
  const auto [at, error] = std::from_chars(text, end, seconds);
  if (error != std::errc() || at != end || seconds < 1 || seconds > kMost)
    throw Error(std::string("'") + text + "' is no number of seconds", kPatienceVariable,
                "give 1 to 86400, or leave it out for 60");
  return seconds * 1000;
}

// What a Runtime has.
class MpiRanks::Ranked final : public Reducer {
 public:
  explicit Ranked(MpiRanks& all) : Reducer(all.rank_, all.ranks_), all_(all) {}
  std::string name_of(int rank) const override { return all_.name_of(rank); }

 private:
  void start(ReduceOp op, ReduceSpan values) override { all_.start(0, op, values, layer(), pass()); }
  std::optional<RankFailure> wait() override { return all_.wait(0); }

  MpiRanks& all_;
};

MpiRanks::MpiRanks(const IntrainMpiPlugin& plugin, const Launch& launch, MpiOptions options)
    : plugin_(plugin), options_(std::move(options)), watch_(0, 1, options_.patience_ms) {
  const char* library = "";
  if (const char* why = plugin_.join(&rank_, &ranks_, &library))
    throw Error(std::string("MPI cannot start: ") + why, "", "see its own messages, and whether another program of MPI starts");
  library_ = library;
  if (launch.ranks > 1 && launch.ranks != ranks_)
    throw Error(launch.launcher + " started " + std::to_string(launch.ranks) + " ranks, but MPI (" + library_ + ") knows of " +
                    std::to_string(ranks_),
                "", "start with the mpirun of that MPI, or give srun the --mpi that it takes ('srun --mpi=list')");
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
  std::vector<RankHost> hosts;
  if (const auto failure = gather(hosts, this_host(rank_), "the names of hosts", -1))
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
  pending.what = op == ReduceOp::kSum ? "a sum" : "a maximum";
  pending.count = span.count;
  pending.pass = layer != nullptr ? pass : nullptr;
  std::snprintf(pending.layer, sizeof pending.layer, "%s", layer != nullptr ? layer : "");
  ++under_way_;
  if (failure_) return;
  if (const char* why =
          plugin_.reduce(slot, channel, op == ReduceOp::kSum ? kIntrainMpiSum : kIntrainMpiMax,
                         span.type == ReduceSpan::Type::kS32 ? kIntrainMpiS32 : kIntrainMpiS64, span.data, span.count))
    call_failed(why);
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
    if (failure_) return failure_;
    if (!done) return RankFailure{rank_, "others do not come"};
    ++finished_[channel];
    --under_way_;
    return {};
  }
}

template <class Mine>
std::optional<RankFailure> MpiRanks::gather(std::vector<Mine>& all, const Mine& mine, const char* what, int64_t wait_ms) {
  all.resize(static_cast<size_t>(ranks_));
  all[static_cast<size_t>(rank_)] = mine;
  std::vector<int64_t> at;
  for (int r = 0; r <= ranks_; ++r) at.push_back(r * static_cast<int64_t>(sizeof(Mine) / 8));
  static_assert(sizeof(Mine) % 8 == 0);
  {
    const std::lock_guard lock(mutex_);
    const int slot = slot_at(kControl, begun_[kControl]++);
    pending_[slot] = {what, ranks_, {}, nullptr};
    ++under_way_;
    if (!failure_)
      if (const char* why = plugin_.gather(slot, kIntrainMpiControl, 8, all.data(), at.data())) call_failed(why);
  }
  return wait(kControl, wait_ms);
}

std::optional<std::vector<uint64_t>> MpiRanks::end(uint64_t error, int64_t wait_ms) {
  struct Ending {
    uint64_t error;
    int64_t said[2];  // beats, to each who listens
  };
  ending_ = true;
  watcher_.join();
  std::vector<Ending> all;
  Ending mine{error, {said_[0], said_[1]}};
  if (gather(all, mine, "the end", wait_ms)) return {};
  // MPI does not end well with messages that nobody has taken.
  if (rank_ < 2) {
    int64_t left = -heard_;
    for (const Ending& e : all) left += e.said[rank_];
    for (Pause pause; left > 0; pause()) {
      Beat beat;
      int32_t from = -1;
      if (plugin_.receive(&beat, sizeof beat, &from) != nullptr) return {};
      if (from >= 0) --left;
    }
  }
  std::vector<uint64_t> errors;
  for (const Ending& e : all) errors.push_back(e.error);
  return errors;
}

void MpiRanks::leave() {
  if (under_way_ > 0) abort(1);
  plugin_.leave();  // who cannot leave ends all the same
}

void MpiRanks::abort(int status) {
  constexpr milliseconds kToHear{300};
  {
    const std::lock_guard lock(mutex_);
    Beat last;
    last.failed = 1;
    int32_t sent = 0;
    for (int r = 0; r < ranks_; ++r)
      if (r != rank_) plugin_.send(r, &last, sizeof last, &sent);  // they end with it or without
  }
  std::this_thread::sleep_for(kToHear);
  const std::lock_guard lock(mutex_);
  plugin_.abort(status);
  _exit(status);
}

bool MpiRanks::tells(int lost) const {
  const std::lock_guard lock(mutex_);
  const RankHost& here = hosts_[static_cast<size_t>(rank_)];
  return !is_told_ && std::none_of(hosts_.begin(), hosts_.end(), [&](const RankHost& other) {
    return other.rank < rank_ && other.rank != lost && here.machine != 0 && other.machine == here.machine;
  });
}

void MpiRanks::watch() {
  constexpr milliseconds kTick{100};
  Clock::time_point next = Clock::now() + kTick;
  while (!ending_) {
    const bool computing = under_way_ > 0 && !waiting_;
    if (computing) keep_going();
    if (const Clock::time_point now = Clock::now(); now >= next) {
      tick(now);
      next = now + kTick;
    }
    std::this_thread::sleep_for(computing ? microseconds(100) : microseconds(1000));
  }
}

// MPI moves what it is asked about, and the rest with it.
void MpiRanks::keep_going() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || failure_) return;
  for (int channel = 0; channel < kControl; ++channel) {
    int32_t done = 0;
    if (begun_[channel] == finished_[channel]) continue;
    if (const char* why = plugin_.test(slot_at(channel, begun_[channel] - 1), &done)) call_failed(why);
    return;
  }
}

void MpiRanks::tick(Clock::time_point now) {
  std::string line;
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return;
    say_and_hear(now);
    look_for_the_dead();
    const int channel = watch_.channel();
    if (channel < 0 || failure_) return;
    const RankWatch::Word word = watch_.word(
        now, [&](int r) { return unlocked_name_of(r); }, text_of(pending_[slot_at(channel, finished_[channel])]));
    if (word.failed)
      lose(word.rank, word.line);
    else
      line = word.line;
  }
  if (!line.empty()) options_.warn(line);
}

void MpiRanks::look_for_the_dead() {
  for (size_t r = 0; r < living_.size(); ++r) {
    pollfd look{living_[r], POLLIN, 0};
    if (living_[r] >= 0 && poll(&look, 1, 0) > 0) lose(static_cast<int>(r), "it has ended, and the others wait for it");
  }
}

void MpiRanks::say_and_hear(Clock::time_point now) {
  const char* why = nullptr;
  Beat beat;
  if (watch_.is_due(now)) {
    std::copy_n(begun_, kChannels, beat.begun);
    for (const int to : watch_.listeners()) {
      int32_t sent = 0;
      why = plugin_.send(to, &beat, sizeof beat, &sent);
      if (why != nullptr) return call_failed(why);
      said_[to] += sent;
    }
  }
  for (;;) {
    int32_t from = -1;
    why = plugin_.receive(&beat, sizeof beat, &from);
    if (why != nullptr) return call_failed(why);
    if (from < 0) return;
    ++heard_;
    watch_.hear(from, beat, now);
    if (beat.failed == 0) continue;
    is_told_ = true;
    lose(from, "it has ended with an error");
  }
}

}  // namespace intrain
