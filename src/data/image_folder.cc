#include "data/image_folder.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "core/parallel.h"
#include "core/rank_agreement.h"
#include "data/folder_layout.h"
#include "data/photo_check.h"
#include "data/photo_listing.h"
#include "data/photo_manifest.h"
#include "data/validation_share.h"

namespace intrain {

namespace {

constexpr int kMaxClasses = 65535;
constexpr size_t kMaxFiles = size_t{1} << 28;  // of at most 2^18 pixels: what normalization.h can count

// Which of the folder's photos are wanted, and where they are.
struct Plan {
  std::string train, test;  // folders; empty: not wanted
  bool share = false;       // the test photos are split off those of train
};

Plan plan_training(const std::string& dir, const FolderLayout& layout, const LoadOptions& options) {
  if (layout.train.empty()) throw Error("no such folder", dir + "/train", layout_hint());
  if (options.val_share > 0) {
    if (!layout.val.empty())
      throw Error("there is a folder to evaluate on: " + layout.val, Setting{"val_share"}, "leave out the flag, or the folder");
    return {layout.train, "", true};
  }
  const std::string test = layout.val.empty() ? layout.test : layout.val;
  if (test.empty())
    throw Error("no folder to evaluate on", dir,
                "`val_share` 0.1 splits a tenth of the training photos off, or DIR must hold train/<class>/ and val/<class>/");
  return {layout.train, test, false};
}

Plan plan_evaluation(const std::string& dir, const FolderLayout& layout, const LoadOptions& options) {
  const bool share = options.val_share > 0 && layout.val.empty() && !layout.train.empty();
  std::string test;
  switch (options.split) {
    case Split::kTrain:
      if (layout.train.empty()) throw Error("no such folder", dir + "/train", layout_hint());
      return {layout.train, "", share};
    case Split::kTest:
      test = layout.test;
      break;
    case Split::kVal:
      test = layout.val;
      break;
    case Split::kEvaluation:
      test = !layout.val.empty() || share ? layout.val : layout.flat ? layout.train : layout.test;
      break;
  }
  if (test.empty() && share && options.split != Split::kTest) return {layout.train, "", true};
  if (test.empty())
    throw Error(options.split == Split::kTest  ? "no folder test"
                : options.split == Split::kVal ? "no folder val, valid or validation"
                                               : "no folder to evaluate on",
                dir, layout_hint() + "; `split` names the part to evaluate");
  return {"", test, false};
}

// All photos of one folder, whether they can be read or not.
Dataset list_split(const std::string& dir, const std::vector<std::string>& classes, bool known, int side,
                   std::vector<LeftOut>& left_out) {
  Dataset set;
  set.h = set.w = side;
  set.c = 3;
  set.classes = static_cast<int>(classes.size());
  std::map<std::string, uint16_t> labels;
  for (size_t i = 0; i < classes.size(); ++i) labels.emplace(classes[i], static_cast<uint16_t>(i));
  const ClassFolders found = list_class_folders(dir, left_out);
  for (const std::string& name : found.names) {
    const auto at = labels.find(name);
    if (at == labels.end() && known)
      throw Error("'" + name + "' is no class of the net", dir, "its classes are those of the data that it was trained on");
    if (at == labels.end())
      throw Error("'" + name + "' is no class of the training photos", dir, "a class needs a folder in train, too");
    for (const std::string& photo : list_photos(dir, name, found.around, left_out)) {
      set.files.push_back(std::string(dir).append("/").append(name).append("/").append(photo));
      set.labels.push_back(at->second);
    }
  }
  if (set.files.size() > kMaxFiles) throw Error("too many files", dir, "use a part of them");
  return set;
}

// Takes what validation_share.h says off `train`, whose files lie in `dir`.
Dataset take_share(const std::string& dir, Dataset& train, int64_t share) {
  std::vector<uint64_t> keys;
  for (const std::string& file : train.files) keys.push_back(split_key(std::string_view(file).substr(dir.size() + 1)));
  const std::vector<bool> off = split_off(train.labels, train.classes, keys, share);
  Dataset rest = train.without_images(), taken = rest;
  for (size_t i = 0; i < off.size(); ++i) {
    Dataset& part = off[i] ? taken : rest;
    part.files.push_back(std::move(train.files[i]));
    part.labels.push_back(train.labels[i]);
  }
  train = std::move(rest);
  return taken;
}

[[noreturn]] void refuse_empty(const std::string& folder, const std::vector<LeftOut>& left_out) {
  const auto is_in = [&](const LeftOut& l) { return l.path.starts_with(folder + "/") || l.path == folder; };
  const auto first = std::find_if(left_out.begin(), left_out.end(), is_in);
  throw Error("no photos", folder,
              first == left_out.end() ? layout_hint()
                                      : "left out there: " + std::to_string(std::count_if(first, left_out.end(), is_in)) +
                                            "; the first is " + first->path + ": " + first->why);
}

std::vector<std::string> class_names_of(const Plan& plan, const FolderLayout& layout, const LoadOptions& options) {
  if (options.evaluation_only && !options.class_names.empty()) return options.class_names;
  const std::string& dir = layout.train.empty() ? plan.test : layout.train;
  std::vector<LeftOut> ignored;  // listed when the photos are
  std::vector<std::string> names = list_class_folders(dir, ignored).names;
  if (names.size() < 2 || names.size() > kMaxClasses)
    throw Error(std::to_string(names.size()) + " folders of classes", dir,
                "there must be one a class, from 2 to " + std::to_string(kMaxClasses));
  return names;
}

// Of the photos' paths in the folder, and their labels.
uint64_t listing_hash(const DataSplits& data) {
  Hash64 hash;
  for (const Dataset* set : {&data.train, &data.test}) {
    for (const std::string& file : set->files) hash.add(file.c_str() + data.folder.size(), file.size() + 1 - data.folder.size());
    hash.add(set->labels.data(), set->labels.size() * sizeof set->labels[0]);
  }
  return hash.digest();
}

}  // namespace

DataSplits load_image_folder(const std::string& dir, int side, const LoadOptions& options) {
  const FolderLayout layout = find_layout(dir);
  const Plan plan = options.evaluation_only ? plan_evaluation(dir, layout, options) : plan_training(dir, layout, options);
  DataSplits data;
  data.folder = dir;
  data.class_names = class_names_of(plan, layout, options);
  const bool known = options.evaluation_only && !options.class_names.empty();
  std::vector<LeftOut> left_out;
  const auto list = [&](const std::string& folder) { return list_split(folder, data.class_names, known, side, left_out); };
  if (!plan.train.empty()) data.train = list(plan.train);
  if (!plan.test.empty()) data.test = list(plan.test);
  if (plan.share) {
    data.test = take_share(plan.train, data.train, options.val_share);
    if (data.test.files.empty() && !data.train.files.empty())
      throw Error("no class has two photos to train on", Setting{"val_share"}, "leave it out: there is nothing to split");
  }
  if (options.evaluation_only) {
    if (options.split == Split::kTrain) data.test = std::move(data.train);
    data.train = data.test.without_images();
  }

  data.train.crop_q16 = data.test.crop_q16 = options.crop_q16;
  SingleProcess alone;
  Reducer& ranks = options.ranks != nullptr ? *options.ranks : alone;
  check_same(ranks, "the photos", listing_hash(data), "let all ranks see the same files under the same path");
  PhotoManifest manifest(ranks.rank() == 0 ? options.cache : "", dir, side, options.crop_q16);
  ThreadPool pool(options.threads);
  CheckProgress shown(photos_of_rank(std::ssize(data.train.files), ranks) + photos_of_rank(std::ssize(data.test.files), ranks),
                      options.progress);
  if (!options.evaluation_only) check_split(data.train, true, manifest, pool, ranks, shown, left_out);
  check_split(data.test, false, manifest, pool, ranks, shown, left_out);
  manifest.save();
  data.note = manifest.note();
  std::stable_sort(left_out.begin(), left_out.end(), [](const LeftOut& a, const LeftOut& b) { return a.path < b.path; });
  for (const LeftOut& l : left_out) data.broken.push_back(l.path + ": " + l.why);
  data.left_out = left_out_text(left_out);

  if (data.test.count == 0) refuse_empty(plan.test.empty() ? plan.train : plan.test, left_out);
  if (!options.evaluation_only) {
    std::vector<bool> seen(data.class_names.size());
    for (const uint16_t label : data.train.labels) seen[label] = true;
    if (const auto none = std::find(seen.begin(), seen.end(), false); none != seen.end())
      refuse_empty(plan.train + "/" + data.class_names[static_cast<size_t>(none - seen.begin())], left_out);
  }
  return data;
}

}  // namespace intrain
