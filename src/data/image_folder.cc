#include "data/image_folder.h"

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/parallel.h"
#include "data/photo_check.h"

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

}  // namespace

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
  constexpr size_t kMaxFiles = size_t{1} << 28;  // of at most 2^18 pixels: what normalization.h can count
  if (std::max(data.train.files.size(), data.test.files.size()) > kMaxFiles)
    throw Error("too many files", dir, "use a part of them");

  ThreadPool pool(threads);
  CheckProgress shown(static_cast<int64_t>(data.train.files.size() + data.test.files.size()), progress);
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
