#include "data/photo_check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <utility>

#include "core/error.h"
#include "core/rank_agreement.h"
#include "data/photo_reader.h"

namespace intrain {

namespace {

// Photos that a rank looks at before all tell each other: a rank on a slower machine keeps others waiting no longer than these take.
constexpr int64_t kRound = 1 << 10;

class PhotoCheck {
 public:
  PhotoCheck(Dataset& set, bool count_pixels, ThreadPool& pool, Reducer& ranks, CheckProgress& progress)
      : set_(set), count_pixels_(count_pixels), pool_(pool), ranks_(ranks), progress_(progress), why_(set.files.size()) {
    workers_.resize(static_cast<size_t>(pool.threads()));
    for (Worker& worker : workers_) {
      worker.pixels.resize(static_cast<size_t>(set.image_size()));
      worker.histograms.resize(kMaxChannels);
    }
    set.file_hashes.assign(set.files.size(), 0);
  }

  void run() {
    const int64_t photos = std::ssize(why_), round = ranks_.ranks() == 1 ? photos : kRound * ranks_.ranks();
    for (int64_t first = 0; first < photos; first += round) {
      const int64_t count = std::min(round, photos - first);
      look_at(first, photos_of_rank(count, ranks_));
      tell(first, count);
    }
  }
  // By photo; empty: it can be read.
  const std::vector<std::string>& why() const { return why_; }
  std::vector<std::array<int64_t, 256>> histograms() {
    std::vector<std::array<int64_t, 256>> sum(kMaxChannels);
    for (size_t ch = 0; ch < kMaxChannels; ++ch) {
      for (const Worker& worker : workers_)
        for (size_t p = 0; p < 256; ++p) sum[ch][p] += worker.histograms[ch][p];
      ranks_.sum(sum[ch].data(), 256);
    }
    return sum;
  }

 private:
  struct Worker {
    PhotoReader reader;
    std::vector<uint8_t> pixels;
    std::vector<std::array<int64_t, 256>> histograms;
  };

  void check(size_t i, Worker& worker) {
    try {
      worker.reader.read(set_.files[i], set_.crop_q16, set_.h, set_.w, worker.pixels.data(), &set_.file_hashes[i]);
      if (count_pixels_)
        for (size_t p = 0; p < worker.pixels.size(); ++p) ++worker.histograms[p % kMaxChannels][worker.pixels[p]];
    } catch (const Error& e) {
      why_[i] = e.what();
    }
  }

  // This rank's photos from `first` on.
  void look_at(int64_t first, int64_t count) {
    const auto photo = [&](int64_t task) { return static_cast<size_t>(first + ranks_.rank() + task * ranks_.ranks()); };
    std::vector<uint8_t> too_large(static_cast<size_t>(count));
    pool_.run(count, [&](int64_t task, int thread) {
      Worker& worker = workers_[static_cast<size_t>(thread)];
      try {
        check(photo(task), worker);
      } catch (const std::bad_alloc&) {
        worker.reader = {};
        too_large[static_cast<size_t>(task)] = 1;
      }
      progress_.add_one();
    });
    // Once more by itself: what else was in memory then must not decide which photos there are.
    for (Worker& worker : workers_) worker.reader = {};
    for (int64_t task = 0; task < count; ++task) {
      if (too_large[static_cast<size_t>(task)] == 0) continue;
      try {
        check(photo(task), workers_[0]);
      } catch (const std::bad_alloc&) {
        workers_[0].reader = {};
        why_[photo(task)] = "memory cannot hold it";
      }
    }
  }

  // What each rank has found in `count` photos from `first` on, to all.
  void tell(int64_t first, int64_t count) {
    if (ranks_.ranks() == 1) return;
    // What a rank has not looked at is 0 there.
    std::vector<int64_t> hashes(set_.file_hashes.begin() + first, set_.file_hashes.begin() + first + count);
    ranks_.sum(hashes.data(), count);
    std::copy(hashes.begin(), hashes.end(), set_.file_hashes.begin() + first);
    // A photo's number, a blank, and what is wrong up to a zero.
    std::string mine;
    for (int64_t i = first; i < first + count; ++i)
      if (const std::string& why = why_[static_cast<size_t>(i)]; !why.empty())
        mine.append(std::to_string(i)).append(" ").append(why).append(1, '\0');
    for (const std::string& text : texts_of_ranks(ranks_, mine))
      for (const char *at = text.data(), *end = at + text.size(); at < end;) {
        size_t i = 0;
        at = std::from_chars(at, end, i).ptr + 1;
        why_[i] = at;
        at += why_[i].size() + 1;
      }
  }

  Dataset& set_;
  const bool count_pixels_;
  ThreadPool& pool_;
  Reducer& ranks_;
  CheckProgress& progress_;
  std::vector<Worker> workers_;
  std::vector<std::string> why_;
};

}  // namespace

void check_split(Dataset& set, bool count_pixels, ThreadPool& pool, Reducer& ranks, CheckProgress& progress,
                 std::vector<LeftOut>& left_out) {
  PhotoCheck check(set, count_pixels, pool, ranks, progress);
  check.run();
  size_t kept = 0;
  for (size_t i = 0; i < check.why().size(); ++i) {
    if (const std::string& why = check.why()[i]; !why.empty()) {
      left_out.push_back({set.files[i], why, LeftOutKind::kUnreadable});
      continue;
    }
    set.labels[kept] = set.labels[i];
    set.file_hashes[kept] = set.file_hashes[i];
    if (kept != i) set.files[kept] = std::move(set.files[i]);
    ++kept;
  }
  set.files.resize(kept);
  set.labels.resize(kept);
  set.file_hashes.resize(kept);
  set.count = static_cast<int>(kept);
  if (count_pixels) set.histograms = check.histograms();
}

}  // namespace intrain
