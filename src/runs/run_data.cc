#include "runs/run_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

#include "io/read_file.h"
#include "runs/photo_list.h"
#include "runs/run_files.h"
#include "train/fit.h"

namespace intrain {

namespace {

using Names = std::vector<std::string>;

// Those of `names` that `others` lacks.
Names lacking(const Names& names, const Names& others) {
  const std::unordered_set<std::string_view> known(others.begin(), others.end());
  Names list;
  std::copy_if(names.begin(), names.end(), std::back_inserter(list),
               [&](const std::string& name) { return !known.contains(name); });
  return list;
}

// "a is new", "a and 3 more are new".
std::string told(const Names& names, const char* what) {
  if (names.size() == 1) return fmt::format("{} is {}", names[0], what);
  return fmt::format("{} and {} more are {}", names[0], names.size() - 1, what);
}

// What became of `then`; empty if nothing did.
std::string change(const Names& then, const Names& now) {
  const Names gone = lacking(then, now), fresh = lacking(now, then);
  return (gone.empty() ? "" : told(gone, "gone")) + (gone.empty() || fresh.empty() ? "" : " and ") +
         (fresh.empty() ? "" : told(fresh, "new"));
}

std::string with_colon(const std::string& text) { return text.empty() ? "" : ": " + text; }

struct Photo {
  uint16_t label;
  uint64_t hash;
};
// Each photo that is there by its name, whichever split it is in now: the run has its own.
using Photos = std::unordered_map<std::string_view, Photo>;

Photos photos_of(const PhotoList& list) {
  Photos photos;
  for (const PhotoList::Split* split : {&list.train, &list.test})
    for (size_t i = 0; i < split->files.size(); ++i) photos.emplace(split->files[i], Photo{split->labels[i], split->hashes[i]});
  return photos;
}

// For each photo of the list the first one from it on, round and round, that has its label and is there; its own number if it is there
// itself. SIZE_MAX where none of the label is.
std::vector<size_t> stand_ins(const PhotoList::Split& then, const Photos& there) {
  const size_t n = then.files.size();
  std::vector<size_t> next(size_t{UINT16_MAX} + 1, SIZE_MAX), list(n);
  for (size_t k = 2 * n; k-- > 0;) {
    const size_t i = k % n, label = then.labels[i];
    if (there.contains(then.files[i])) next[label] = i;
    list[i] = next[label];
  }
  return list;
}

// photos.txt of the run of `from` in `folder`. Throws an exception that says what is wrong with it.
PhotoList read_list(const std::string& folder, const CheckpointInfo& from) {
  constexpr int64_t kMaxBytes = int64_t{1} << 32;
  const std::vector<uint8_t> bytes = read_file(folder + "/" + kPhotosFile, 0, kMaxBytes, "it is no list of photos", "");
  PhotoList list = parse_photo_list(std::string(bytes.begin(), bytes.end()));
  bool fits = fingerprint_of(list) == *from.data && static_cast<int64_t>(list.train.files.size()) == from.train_count;
  for (const PhotoList::Split* split : {&list.train, &list.test})
    for (const uint16_t label : split->labels) fits = fits && label < from.class_names.size();
  if (!fits) throw std::invalid_argument("it is of another run");
  return list;
}

// What is wrong with each photo that is gone, and what else is broken.
struct Reasons {
  std::unordered_map<std::string, std::string> of_gone;  // by its path
  Names others;
};

Reasons reasons_of(const Names& gone, const Names& broken) {
  Reasons reasons;
  for (const std::string& path : gone) reasons.of_gone.emplace(path, "it is gone");
  for (const std::string& line : broken) {  // "path: why"
    bool of_run = false;
    for (size_t at = line.find(": "); at != std::string::npos && !of_run; at = line.find(": ", at + 1))
      if (const auto found = reasons.of_gone.find(line.substr(0, at)); found != reasons.of_gone.end()) {
        found->second = line.substr(at + 2);
        of_run = true;
      }
    if (!of_run) reasons.others.push_back(line);
  }
  return reasons;
}

}  // namespace

RunData::RunData(const DataSplits& now, const Checkpoint& from, const std::string& folder) : now_(now) {
  const CheckpointInfo& then = from.info;
  const auto refuse = [&](const std::string& what) { refuse_data("the data has " + what, now.spec); };
  if (now.train.h != then.h || now.train.w != then.w || now.train.c != then.c)
    refuse("images of another size than that of the run");
  if (now.train.classes != then.classes || now.class_names != then.class_names)
    refuse("other classes than that of the run" + with_colon(change(then.class_names, now.class_names)));
  const DataFingerprint found = fingerprint_of(now);
  if (then.data && *then.data == found) return;
  if (then.data && !now.folder.empty()) {
    mend(from, folder);
    return;
  }
  if (now.test.count != then.test_count || (then.train_count != 0 && now.train.count != then.train_count))
    refuse("another number of images than that of the run");
  if (!then.data) return;
  if (found.train_images != then.data->train_images) refuse("other training images than that of the run");
  if (found.train_labels != then.data->train_labels) refuse("other labels of training images than that of the run");
  if (found.test_images != then.data->test_images) refuse("other test images than that of the run");
  refuse("other labels of test images than that of the run");
}

void RunData::mend(const Checkpoint& from, const std::string& folder) {
  const auto refuse = [&](const std::string& what) { refuse_data("the data has " + what, now_.spec); };
  const auto path = [&](const std::string& name) { return now_.folder + "/" + name; };
  PhotoList then;
  try {
    then = read_list(folder, from.info);
  } catch (const std::exception& e) {  // Error too
    refuse(
        fmt::format("other photos than that of the run (which ones cannot be told: {}/{}: {})", folder, kPhotosFile, e.what()));
  }
  const PhotoList now = photo_list_of(now_);
  const auto all = [](const PhotoList& list) {
    Names names = list.train.files;
    names.insert(names.end(), list.test.files.begin(), list.test.files.end());
    return names;
  };
  if (!lacking(all(now), all(then)).empty()) refuse("other photos than that of the run: " + change(all(then), all(now)));
  const Photos there = photos_of(now);
  for (const PhotoList::Split* split : {&then.train, &then.test})
    for (size_t i = 0; i < split->files.size(); ++i) {
      const auto found = there.find(split->files[i]);
      if (found == there.end()) continue;
      if (found->second.label != split->labels[i])
        refuse(fmt::format("another class for {} than that of the run", split->files[i]));
      if (found->second.hash != split->hashes[i])
        refuse(fmt::format("another picture in {} than that of the run", split->files[i]));
    }
  Names gone = lacking(all(then), all(now));
  std::transform(gone.begin(), gone.end(), gone.begin(), path);
  const Reasons reasons = reasons_of(gone, now_.broken);

  mended_ = now_;
  mended_->train.files.clear();
  mended_->train.file_hashes.clear();
  mended_->train.labels = then.train.labels;
  const std::vector<size_t> in_place = stand_ins(then.train, there);
  for (size_t i = 0; i < in_place.size(); ++i) {
    if (in_place[i] == SIZE_MAX)
      refuse(fmt::format("no training photo of '{}' any more", now_.class_names[then.train.labels[i]]));
    const std::string file = path(then.train.files[i]), taken = path(then.train.files[in_place[i]]);
    mended_->train.files.push_back(taken);
    if (!now_.train.file_hashes.empty()) mended_->train.file_hashes.push_back(there.at(then.train.files[in_place[i]]).hash);
    if (in_place[i] != i) gone_.push_back(fmt::format("{}: {}; {} stands in for it", file, reasons.of_gone.at(file), taken));
  }
  mended_->train.count = static_cast<int>(then.train.files.size());
  scaling_is_known_ = now.train.files == then.train.files;

  mended_->test.files.clear();
  mended_->test.labels.clear();
  mended_->test.file_hashes.clear();
  std::vector<bool> had(now_.class_names.size()), has = had;
  for (size_t i = 0; i < then.test.files.size(); ++i) {
    const std::string file = path(then.test.files[i]);
    const uint16_t label = then.test.labels[i];
    had[label] = true;
    if (!there.contains(then.test.files[i])) {
      gone_.push_back(fmt::format("{}: {}; the test goes on without it", file, reasons.of_gone.at(file)));
      continue;
    }
    has[label] = true;
    mended_->test.files.push_back(file);
    mended_->test.labels.push_back(label);
    if (!now_.test.file_hashes.empty()) mended_->test.file_hashes.push_back(then.test.hashes[i]);
  }
  mended_->test.count = static_cast<int>(mended_->test.files.size());
  for (size_t i = 0; i < had.size(); ++i)
    if (had[i] && !has[i]) refuse(fmt::format("no test photo of '{}' any more", now_.class_names[i]));
  mended_->broken = reasons.others;
  mended_->broken.insert(mended_->broken.end(), gone_.begin(), gone_.end());
}

}  // namespace intrain
