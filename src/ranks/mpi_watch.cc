// What a rank does beside its computing: it keeps reductions going, and looks after the others.
#include <poll.h>

#include <algorithm>

#include "ranks/mpi_ranks.h"

namespace intrain {

using std::chrono::microseconds;
using std::chrono::milliseconds;

void MpiRanks::watch() {
  constexpr milliseconds kTick{100};
  RankWatch::Clock::time_point next = RankWatch::Clock::now() + kTick;
  while (!ending_) {
    const bool computing = under_way_ > 0 && !waiting_;
    if (computing) keep_going();
    if (const RankWatch::Clock::time_point now = RankWatch::Clock::now(); now >= next) {
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

void MpiRanks::tick(RankWatch::Clock::time_point now) {
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

void MpiRanks::say_and_hear(RankWatch::Clock::time_point now) {
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
