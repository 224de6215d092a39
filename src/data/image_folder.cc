#include "data/image_folder.h"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <new>

#include "core/error.h"
#include "core/parallel.h"
#include "data/augment.h"

namespace intrain {

namespace fs = std::filesystem;

namespace {

constexpr int kMaxClasses = 65535;
constexpr const char* kLayout = "DIR must hold train/<class>/*.jpg or .png and val/<class>/... (or test/<class>/...)";

bool is_photo(const fs::path& path) {
  std::string end = path.extension().string();
  std::transform(end.begin(), end.end(), end.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return end == ".jpg" || end == ".jpeg" || end == ".png";
}

// The names in `dir` for which `wanted` holds, in order.
template <class Wanted>
std::vector<std::string> names_in(const std::string& dir, const Wanted& wanted) {
  std::vector<std::string> names;
  std::error_code reason;
  for (fs::directory_iterator at(dir, reason), end; !reason && at != end; at.increment(reason)) {
    std::error_code ignored;
    const std::string name = at->path().filename().string();
    if (name[0] != '.' && wanted(*at, ignored)) names.push_back(name);
  }
  if (reason) throw Error("cannot list it: " + reason.message(), dir, kLayout);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> folders_in(const std::string& dir) {
  return names_in(dir, [](const fs::directory_entry& e, std::error_code& ignored) { return e.is_directory(ignored); });
}

std::vector<std::string> photos_in(const std::string& dir) {
  return names_in(dir, [](const fs::directory_entry& e, std::error_code& ignored) {
    return is_photo(e.path()) && e.is_regular_file(ignored);
  });
}

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// All photos of one split, whether they can be read or not.
Dataset list_split(const std::string& dir, const std::vector<std::string>& classes, int side) {
  Dataset set;
  set.h = set.w = side;
  set.c = 3;
  set.classes = static_cast<int>(classes.size());
  for (const std::string& name : folders_in(dir)) {
    const auto at = std::lower_bound(classes.begin(), classes.end(), name);
    if (at == classes.end() || *at != name)
      throw Error("'" + name + "' is no class of the training photos", dir, "a class needs a folder in train, too");
    const auto label = static_cast<uint16_t>(at - classes.begin());
    for (const std::string& photo : photos_in(dir + "/" + name)) {
      set.files.push_back(std::string(dir).append("/").append(name).append("/").append(photo));
      set.labels.push_back(label);
    }
  }
  return set;
}

class Progress {
 public:
  Progress(int64_t total, const std::function<void(int64_t, int64_t)>& call) : total_(total), call_(call) {}
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

// Reads every photo once; drops those that cannot be, and adds them to `broken`. Counts their pixels if asked to.
void check_split(Dataset& set, bool count_pixels, ThreadPool& pool, Progress& progress, std::vector<std::string>& broken) {
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
  const auto check = [&](size_t i, Worker& worker) {
    try {
      worker.reader.read(set.files[i], set.h, set.w, worker.pixels.data());
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
      broken.push_back(set.files[i] + ": " + why[i]);
      continue;
    }
    set.labels[kept] = set.labels[i];
    if (kept != i) set.files[kept] = std::move(set.files[i]);
    ++kept;
  }
  set.files.resize(kept);
  set.labels.resize(kept);
  set.count = static_cast<int>(kept);
  if (!count_pixels) return;
  set.histograms.assign(kMaxChannels, {});
  for (const Worker& worker : workers)
    for (size_t ch = 0; ch < kMaxChannels; ++ch)
      for (size_t p = 0; p < 256; ++p) set.histograms[ch][p] += worker.histograms[ch][p];
}

}  // namespace

void PhotoReader::read_window(const Window& window, int h, int w, uint8_t* dst) {
  int denominator = 8;
  while (denominator > 1 && (window.h / denominator < h || window.w / denominator < w)) denominator /= 2;
  file_.decode(denominator, photo_);
  // The same place in the photo that came, which may be smaller.
  const auto scaled = [](int at, int to, int from) { return static_cast<int>(int64_t{at} * to / from); };
  Window part{scaled(window.y, photo_.h, file_.h()), scaled(window.x, photo_.w, file_.w()),
              std::max(1, scaled(window.h, photo_.h, file_.h())), std::max(1, scaled(window.w, photo_.w, file_.w()))};
  resizer_.resize(photo_, part, h, w, dst);
}

void PhotoReader::read(const std::string& path, int h, int w, uint8_t* dst) {
  file_.open(path);
  read_window(center_window(file_.h(), file_.w()), h, w, dst);
}

void PhotoReader::read(const std::string& path, int h, int w, uint64_t seed, uint32_t epoch, uint32_t sample, uint8_t* dst) {
  file_.open(path);
  read_window(random_window(seed, epoch, sample, file_.h(), file_.w()), h, w, dst);
}

void PhotoReader::read_whole(const std::string& path, int h, int w, uint8_t* dst) {
  file_.open(path);
  read_window(whole_window(file_.h(), file_.w(), h, w), h, w, dst);
}

DataSplits load_image_folder(const std::string& dir, int side, bool evaluation_only, int threads,
                             const std::function<void(int64_t, int64_t)>& progress) {
  if (!is_folder(dir)) throw Error("no such folder", dir, kLayout);
  const std::string train_dir = dir + "/train", val_dir = dir + (is_folder(dir + "/val") ? "/val" : "/test");
  for (const std::string& part : {train_dir, val_dir})
    if (!is_folder(part)) throw Error("no such folder", part, kLayout);
  DataSplits data;
  data.class_names = folders_in(train_dir);
  if (data.class_names.size() < 2 || data.class_names.size() > kMaxClasses)
    throw Error(std::to_string(data.class_names.size()) + " folders of classes", train_dir,
                "there must be one a class, from 2 to " + std::to_string(kMaxClasses));
  data.train = list_split(train_dir, data.class_names, side);
  data.test = list_split(val_dir, data.class_names, side);
  if (evaluation_only) {
    data.train.files.clear();
    data.train.labels.clear();
  }
  constexpr size_t kMaxFiles = INT32_MAX / 2;
  if (std::max(data.train.files.size(), data.test.files.size()) > kMaxFiles)
    throw Error("too many files", dir, "use a part of them");

  ThreadPool pool(threads);
  Progress shown(static_cast<int64_t>(data.train.files.size() + data.test.files.size()), progress);
  if (!evaluation_only) check_split(data.train, true, pool, shown, data.broken);
  check_split(data.test, false, pool, shown, data.broken);

  const auto refuse = [&](const std::string& folder) {
    const auto is_in = [&](const std::string& file) { return file.starts_with(folder + "/"); };
    const auto first = std::find_if(data.broken.begin(), data.broken.end(), is_in);
    throw Error("no photos", folder,
                first == data.broken.end() ? kLayout
                                           : std::to_string(std::count_if(first, data.broken.end(), is_in)) +
                                                 " files there could not be read; the first is " + *first);
  };
  if (data.test.count == 0) refuse(val_dir);
  std::vector<bool> seen(data.class_names.size(), evaluation_only);
  for (const uint16_t label : data.train.labels) seen[label] = true;
  if (const auto none = std::find(seen.begin(), seen.end(), false); none != seen.end())
    refuse(train_dir + "/" + data.class_names[static_cast<size_t>(none - seen.begin())]);
  return data;
}

}  // namespace intrain
