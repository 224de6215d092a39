#include "data/photo_check.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <new>
#include <utility>

#include "core/error.h"
#include "core/rank_agreement.h"
#include "data/photo_reader.h"
#include "data/pixel_sums.h"

namespace intrain {

namespace {

// Photos that a rank looks at before all tell each other: a rank on a slower machine keeps others waiting no longer than these take.
constexpr int64_t kRound = 1 << 10;
constexpr int64_t kTold = 1 << 16;  // photos of the manifest that ranks are told of at once

// What ranks tell each other of a photo. One that has not looked at it says 0.
using Numbers = std::array<int64_t, sizeof(PhotoFacts) / sizeof(int64_t)>;

class PhotoCheck {
 public:
  PhotoCheck(const Dataset& set, PhotoManifest& manifest, ThreadPool& pool, Reducer& ranks, CheckProgress& progress)
      : set_(set),
        manifest_(manifest),
        pool_(pool),
        ranks_(ranks),
        progress_(progress),
        facts_(set.files.size()),
        known_(set.files.size()),
        why_(set.files.size()) {
    workers_.resize(static_cast<size_t>(pool.threads()));
    for (Worker& worker : workers_) worker.pixels.resize(static_cast<size_t>(set.image_size()));
  }

  void run() {
    look_up();
    const int64_t photos = std::ssize(why_), round = ranks_.ranks() == 1 ? photos : kRound * ranks_.ranks();
    for (int64_t first = 0; first < photos; first += round) {
      const int64_t count = std::min(round, photos - first);
      look_at(first, photos_of_rank(count, ranks_));
      tell(first, count);
    }
    keep();
  }
  // By photo.
  const std::vector<PhotoFacts>& facts() const { return facts_; }
  const std::vector<std::string>& why() const { return why_; }  // empty: it can be read

 private:
  struct Worker {
    PhotoReader reader;
    std::vector<uint8_t> pixels;
  };

  // What the first rank's manifest knows.
  void look_up() {
    const int64_t photos = std::ssize(why_);
    if (manifest_.is_kept()) {
      stamps_.resize(why_.size());
      pool_.run(photos, [&](int64_t task, int) {
        const auto i = static_cast<size_t>(task);
        stamps_[i] = manifest_.stamp_of(set_.files[i]);
        facts_[i] = manifest_.find(set_.files[i], stamps_[i]);
      });
    }
    int64_t found = std::count_if(facts_.begin(), facts_.end(), [](const PhotoFacts& f) { return f.stamp != 0; });
    if (ranks_.ranks() > 1) ranks_.sum(&found, 1);
    if (found == 0) return;
    for (int64_t first = 0; first < photos; first += kTold) sum_facts(first, std::min(kTold, photos - first));
    for (size_t i = 0; i < facts_.size(); ++i) known_[i] = facts_[i].stamp != 0 ? 1 : 0;
  }

  void check(size_t i, Worker& worker) {
    try {
      // Before it is read: what changes it later shows.
      const uint64_t stamp = manifest_.stamp_of(set_.files[i]);
      PhotoFacts& facts = facts_[i];
      worker.reader.read(set_.files[i], set_.crop_q16, set_.h, set_.w, worker.pixels.data(), &facts.hash);
      add_pixels(worker.pixels.data(), int64_t{set_.h} * set_.w, set_.c, facts.sums.data());
      facts.stamp = stamp;
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
        if (known_[photo(task)] == 0) check(photo(task), worker);
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
    sum_facts(first, count);
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

  // Of the photos that are not known yet, of which each rank but one has zeros.
  void sum_facts(int64_t first, int64_t count) {
    if (ranks_.ranks() == 1) return;
    std::vector<int64_t> all;
    for (int64_t i = first; i < first + count; ++i) {
      if (known_[static_cast<size_t>(i)] != 0) continue;
      const auto numbers = std::bit_cast<Numbers>(facts_[static_cast<size_t>(i)]);
      all.insert(all.end(), numbers.begin(), numbers.end());
    }
    if (all.empty()) return;
    ranks_.sum(all.data(), std::ssize(all));
    const int64_t* at = all.data();
    for (int64_t i = first; i < first + count; ++i) {
      if (known_[static_cast<size_t>(i)] != 0) continue;
      Numbers numbers;
      std::copy_n(at, numbers.size(), numbers.begin());
      at += numbers.size();
      facts_[static_cast<size_t>(i)] = std::bit_cast<PhotoFacts>(numbers);
    }
  }

  // Another rank may have read another file of that name, on a machine of its own.
  void keep() {
    if (!manifest_.is_kept()) return;
    for (size_t i = 0; i < facts_.size(); ++i)
      if (why_[i].empty() && facts_[i].stamp != 0 && facts_[i].stamp == stamps_[i])
        manifest_.add(set_.files[i], facts_[i], known_[i] == 0);
  }

  const Dataset& set_;
  PhotoManifest& manifest_;
  ThreadPool& pool_;
  Reducer& ranks_;
  CheckProgress& progress_;
  std::vector<Worker> workers_;
  std::vector<PhotoFacts> facts_;
  std::vector<uint8_t> known_;    // by the manifest
  std::vector<uint64_t> stamps_;  // that this rank sees, where it has a manifest
  std::vector<std::string> why_;
};

}  // namespace

void check_split(Dataset& set, bool add_up_pixels, PhotoManifest& manifest, ThreadPool& pool, Reducer& ranks,
                 CheckProgress& progress, std::vector<LeftOut>& left_out) {
  PhotoCheck check(set, manifest, pool, ranks, progress);
  check.run();
  set.file_hashes.resize(set.files.size());
  if (add_up_pixels) set.pixel_sums.resize(static_cast<size_t>(set.c));
  size_t kept = 0;
  for (size_t i = 0; i < check.why().size(); ++i) {
    if (const std::string& why = check.why()[i]; !why.empty()) {
      left_out.push_back({set.files[i], why, LeftOutKind::kUnreadable});
      continue;
    }
    const PhotoFacts& facts = check.facts()[i];
    for (size_t ch = 0; ch < set.pixel_sums.size(); ++ch) {
      set.pixel_sums[ch].sum += facts.sums[ch].sum;
      set.pixel_sums[ch].squares += facts.sums[ch].squares;
    }
    set.labels[kept] = set.labels[i];
    set.file_hashes[kept] = facts.hash;
    if (kept != i) set.files[kept] = std::move(set.files[i]);
    ++kept;
  }
  set.files.resize(kept);
  set.labels.resize(kept);
  set.file_hashes.resize(kept);
  set.count = static_cast<int>(kept);
}

}  // namespace intrain
