// Every photo of a data set is read once before it is used.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "core/parallel.h"
#include "core/reducer.h"
#include "data/dataset.h"
#include "data/left_out.h"
#include "data/photo_manifest.h"

namespace intrain {

// Counts the photos that are done, and tells it.
class CheckProgress {
 public:
  CheckProgress(int64_t total, const std::function<void(int64_t, int64_t)>& call) : total_(total), call_(call) {}
  void add_one() {
    if (!call_) return;
    const std::lock_guard lock(mutex_);
    call_(++done_, total_);
  }

 private:
  const int64_t total_;
  int64_t done_ = 0;
  std::mutex mutex_;
  const std::function<void(int64_t, int64_t)>& call_;
};

// How many of `photos` this rank looks at: those whose number is its own modulo the number of ranks.
inline int64_t photos_of_rank(int64_t photos, const Reducer& ranks) {
  return (photos - ranks.rank() + ranks.ranks() - 1) / ranks.ranks();
}

// Reads every photo once, on one of the ranks, but for those that the manifest of the first rank knows, which count as done; drops those that cannot
// be read, and adds them to `left_out`. Adds up the others' pixels if asked to. `set` is the same on all ranks before, and after. What was found
// is added to the first rank's manifest where that rank sees the same file as the one that read it.
void check_split(Dataset& set, bool add_up_pixels, PhotoManifest& manifest, ThreadPool& pool, Reducer& ranks,
                 CheckProgress& progress, std::vector<LeftOut>& left_out);

}  // namespace intrain
