#include "data/photo_check.h"

#include <array>
#include <new>
#include <utility>

#include "core/error.h"
#include "data/photo_reader.h"

namespace intrain {

void check_split(Dataset& set, bool count_pixels, ThreadPool& pool, CheckProgress& progress, std::vector<LeftOut>& left_out) {
  struct Worker {
    PhotoReader reader;
    std::vector<uint8_t> pixels;
    std::vector<std::array<int64_t, 256>> histograms;
  };
  std::vector<Worker> workers(static_cast<size_t>(pool.threads()));
  for (Worker& worker : workers) {
    worker.pixels.resize(static_cast<size_t>(set.image_size()));
    worker.histograms.resize(kMaxChannels);
  }
  std::vector<std::string> why(set.files.size());  // empty: it can be read
  std::vector<uint8_t> too_large(set.files.size());
  set.file_hashes.resize(set.files.size());
  const auto check = [&](size_t i, Worker& worker) {
    try {
      worker.reader.read(set.files[i], set.crop_q16, set.h, set.w, worker.pixels.data(), &set.file_hashes[i]);
      if (count_pixels)
        for (size_t p = 0; p < worker.pixels.size(); ++p) ++worker.histograms[p % kMaxChannels][worker.pixels[p]];
    } catch (const Error& e) {
      why[i] = e.what();
    }
  };
  pool.run(static_cast<int64_t>(set.files.size()), [&](int64_t task, int thread) {
    Worker& worker = workers[static_cast<size_t>(thread)];
    try {
      check(static_cast<size_t>(task), worker);
    } catch (const std::bad_alloc&) {
      worker.reader = {};
      too_large[static_cast<size_t>(task)] = 1;
    }
    progress.add_one();
  });
  // Once more by itself: what else was in memory then must not decide which photos there are.
  for (Worker& worker : workers) worker.reader = {};
  for (size_t i = 0; i < too_large.size(); ++i) {
    if (too_large[i] == 0) continue;
    try {
      check(i, workers[0]);
    } catch (const std::bad_alloc&) {
      workers[0].reader = {};
      why[i] = "memory cannot hold it";
    }
  }
  size_t kept = 0;
  for (size_t i = 0; i < why.size(); ++i) {
    if (!why[i].empty()) {
      left_out.push_back({set.files[i], why[i], LeftOutKind::kUnreadable});
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
  if (!count_pixels) return;
  set.histograms.assign(kMaxChannels, {});
  for (const Worker& worker : workers)
    for (size_t ch = 0; ch < kMaxChannels; ++ch)
      for (size_t p = 0; p < 256; ++p) set.histograms[ch][p] += worker.histograms[ch][p];
}

}  // namespace intrain
