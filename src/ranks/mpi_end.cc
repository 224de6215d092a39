// How ranks of MPI end.
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "ranks/mpi_ranks.h"
#include "ranks/pause.h"

namespace intrain {

std::optional<std::vector<uint64_t>> MpiRanks::end(uint64_t error, int64_t wait_ms) {
  ending_ = true;
  watcher_.join();
  endings_.resize(static_cast<size_t>(ranks_));
  endings_[static_cast<size_t>(rank_)] = {error, {said_[0], said_[1]}};
  if (gather(endings_, "the end", wait_ms)) return {};
  // MPI does not end well with messages that nobody has taken.
  if (rank_ < 2) {
    int64_t left = -heard_;
    for (const Ending& e : endings_) left += e.said[rank_];
    for (Pause pause; left > 0; pause()) {
      Beat beat;
      int32_t from = -1;
      if (plugin_.receive(&beat, sizeof beat, &from) != nullptr) return {};
      if (from >= 0) --left;
    }
  }
  std::vector<uint64_t> errors;
  for (const Ending& e : endings_) errors.push_back(e.error);
  return errors;
}

void MpiRanks::leave() {
  if (under_way_ > 0) abort(1);
  plugin_.leave();  // who cannot leave ends all the same
}

// Only while what is under way is still there: MPI goes on with it whenever it is called.
void MpiRanks::announce_failure() {
  if (is_announced_ || is_abandoned_) return;
  is_announced_ = true;
  Beat last;
  last.failed = 1;
  int32_t sent = 0;
  for (int r = 0; r < ranks_; ++r)
    if (r != rank_) plugin_.send(r, &last, sizeof last, &sent);  // they end with it or without
}

void MpiRanks::abort(int status) {
  constexpr std::chrono::milliseconds kToHear{300};
  {
    const std::lock_guard lock(mutex_);
    if (std::equal(begun_, begun_ + kControl, finished_)) announce_failure();
  }
  std::this_thread::sleep_for(kToHear);
  const std::lock_guard lock(mutex_);
  plugin_.abort(status);
  _exit(status);
}

bool MpiRanks::tells(int lost) const {
  const std::lock_guard lock(mutex_);
  return unlocked_tells(lost);
}

bool MpiRanks::unlocked_tells(int lost) const {
  const RankHost& here = hosts_[static_cast<size_t>(rank_)];
  return !is_told_ && std::none_of(hosts_.begin(), hosts_.end(), [&](const RankHost& other) {
    return other.rank < rank_ && other.rank != lost && here.machine != 0 && other.machine == here.machine;
  });
}

}  // namespace intrain
