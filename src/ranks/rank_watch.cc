#include "ranks/rank_watch.h"

#include <algorithm>

namespace intrain {

namespace {

// Those that are told how far the others are: the second for when the first one hangs.
constexpr int kListeners = 2;

int64_t seconds_between(RankWatch::Clock::time_point from, RankWatch::Clock::time_point to) {
  return std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
}

// "rank 1 on a, rank 3 on b and 5 more"
std::string list_of(const std::vector<int>& ranks, const std::function<std::string(int)>& name) {
  constexpr size_t kNamed = 8;
  std::string text;
  for (size_t i = 0; i < std::min(ranks.size(), kNamed); ++i) text += (i == 0 ? "" : ", ") + name(ranks[i]);
  if (ranks.size() > kNamed) text += " and " + std::to_string(ranks.size() - kNamed) + " more";
  return text;
}

}  // namespace

RankWatch::RankWatch(int rank, int ranks, int64_t patience_ms)
    : rank_(rank),
      ranks_(ranks),
      patience_(patience_ms),
      beat_(std::min<int64_t>(1000, patience_ms / 5 + 1)),
      sent_(Clock::now()) {
  if (rank < kListeners) heard_.assign(static_cast<size_t>(ranks), {{}, sent_});
}

std::vector<int> RankWatch::listeners() const {
  std::vector<int> list;
  for (int r = 0; r < std::min(kListeners, ranks_); ++r)
    if (r != rank_) list.push_back(r);
  return list;
}

bool RankWatch::is_due(Clock::time_point now) {
  if (now - sent_ < beat_) return false;
  sent_ = now;
  return true;
}

void RankWatch::hear(int from, const Beat& beat, Clock::time_point now) {
  if (from >= 0 && from < static_cast<int>(heard_.size())) heard_[static_cast<size_t>(from)] = {beat, now};
}

void RankWatch::wait_for(int channel, int64_t number, Clock::time_point now) {
  channel_ = channel;
  number_ = number;
  since_ = now;
  told_ = false;
}

// As long as three beats that do not come: one may be late.
bool RankWatch::is_silent(int rank, Clock::time_point now) const {
  return rank != rank_ && now - heard_[static_cast<size_t>(rank)].when > 3 * beat_;
}

RankWatch::Word RankWatch::word(Clock::time_point now, const std::function<std::string(int)>& name, const std::string& what) {
  Word word;
  if (channel_ < 0 || now - since_ < patience_) return word;
  // Who listens to nobody gives those who know whom they wait for the time to say it first.
  word.failed = now - since_ >= (heard_.empty() ? 11 : 10) * patience_;
  word.rank = rank_;
  if (told_ && !word.failed) return word;
  told_ = true;
  const std::string seconds = std::to_string(seconds_between(since_, now)) + " s";
  if (heard_.empty()) {
    if (word.failed) word.line = "it has waited " + seconds + " for " + what;
    return word;
  }
  std::vector<int> silent, behind, waiting;
  for (int r = 0; r < ranks_; ++r) {
    const bool has_begun = r == rank_ || heard_[static_cast<size_t>(r)].beat.begun[channel_] > number_;
    (is_silent(r, now) ? silent : has_begun ? waiting : behind).push_back(r);
  }
  if (!silent.empty() || !behind.empty()) word.rank = !silent.empty() ? silent[0] : behind[0];
  if (word.failed) {
    const bool known = !silent.empty() || !behind.empty();
    word.line = known ? "others have waited " + seconds + " for it, in " + what
                      : "it has waited " + seconds + " for " + what + ", and all have begun it: the network is slow or broken";
    return word;
  }
  // The second listener is there for when the first one is what hangs.
  if (rank_ != 0 && !is_silent(0, now)) return word;
  const std::string wait =
      list_of(waiting, name) + (waiting.size() == 1 ? " waits" : " wait") + " for " + seconds + " in " + what;
  if (!silent.empty())
    word.line = "no sign of life from " + list_of(silent, name) + ": " + wait;
  else if (!behind.empty())
    word.line = list_of(behind, name) + (behind.size() == 1 ? " has" : " have") + " not come as far: " + wait;
  else
    word.line = "the network is slow: " + wait;
  return word;
}

}  // namespace intrain
