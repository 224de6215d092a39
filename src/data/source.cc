#include "data/source.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "core/error.h"
#include "data/cifar.h"
#include "data/folder_layout.h"
#include "data/image_folder.h"
#include "data/mnist.h"
#include "data/paths.h"
#include "data/photo_kinds.h"
#include "data/synthetic.h"
#include "data/validation_share.h"

namespace intrain {

namespace {

constexpr int kMaxSide = 512;
constexpr int kPhotoSide = 224;
constexpr int64_t kSyntheticBytes = int64_t{1} << 30;  // of sized images

DataSplits load_cifar(const std::string& dir, CifarKind kind) {
  const bool ten = kind == CifarKind::kCifar10;
  check_folder(dir, ten ? "DIR must hold data_batch_1.bin to data_batch_5.bin and test_batch.bin"
                        : "DIR must hold train.bin and test.bin");
  DataSplits data;
  std::vector<std::string> train = {dir + "/train.bin"};
  if (ten) {
    train.clear();
    for (int i = 1; i <= 5; ++i) train.push_back(dir + "/data_batch_" + std::to_string(i) + ".bin");
  }
  data.train = read_cifar(train, kind);
  data.test = read_cifar({dir + (ten ? "/test_batch.bin" : "/test.bin")}, kind);
  data.class_names = read_class_names(dir + (ten ? "/batches.meta.txt" : "/fine_label_names.txt"));
  if (static_cast<int>(data.class_names.size()) != data.train.classes) data.class_names.clear();
  return data;
}

// The number that `digits` says, 0 if it is none or too long.
int to_number(const std::string& digits) {
  const bool number =
      !digits.empty() && digits[0] != '0' && digits.size() <= 7 && digits.find_first_not_of("0123456789") == std::string::npos;
  return number ? std::stoi(digits) : 0;
}

DataSplits load_fashion(const std::string& rest, const LoadOptions& options) {
  return load_fashion_mnist(expand_home(rest), options.transpose);
}
DataSplits load_idx(const std::string& rest, const LoadOptions& options) {
  return load_mnist(expand_home(rest), options.transpose);
}
DataSplits load_cifar10(const std::string& rest, const LoadOptions&) {
  return load_cifar(expand_home(rest), CifarKind::kCifar10);
}
DataSplits load_cifar100(const std::string& rest, const LoadOptions&) {
  return load_cifar(expand_home(rest), CifarKind::kCifar100);
}

// N or N:SIDE; may be empty.
DataSplits load_synthetic(const std::string& rest, const LoadOptions&) {
  if (rest.empty()) return make_synthetic(kSyntheticDefault, 0);
  const size_t colon = rest.find(':');
  const std::string count = rest.substr(0, colon);
  const int n = to_number(count);
  if (n < 1 || n > kSyntheticMax)
    throw Error("'" + count + "' is not a number of images", Setting{"data"},
                "synthetic:N takes N from 1 to " + std::to_string(kSyntheticMax));
  if (colon == std::string::npos) return make_synthetic(n, 0);
  const std::string text = rest.substr(colon + 1);
  const int side = to_number(text);
  if (side < 4 || side > kMaxSide || side % 4 != 0)
    throw Error("'" + text + "' is not a side of generated images", Setting{"data"},
                "synthetic:N:SIDE takes multiples of 4 from 4 to " + std::to_string(kMaxSide));
  const int most = static_cast<int>(kSyntheticBytes / (3 * side * side));
  if (n > most)
    throw Error(std::to_string(n) + " images of " + text + "x" + text + " are too many", Setting{"data"},
                "synthetic:N:" + text + " takes N from 1 to " + std::to_string(most));
  return make_synthetic(n, 0, {side, 3});
}

struct PhotosSpec {
  std::string dir, side;
  bool has_side = false;
};

// DIR or DIR:SIDE. A colon may stand in a folder's name: digits behind the last one are the side where what stands before is a folder.
PhotosSpec parse_photos(const std::string& rest) {
  const std::string whole = expand_home(rest);
  const size_t colon = rest.rfind(':');
  if (colon == std::string::npos) return {whole, ""};
  const std::string dir = expand_home(rest.substr(0, colon)), side = rest.substr(colon + 1);
  const bool number = !side.empty() && side.find_first_not_of("0123456789") == std::string::npos;
  if (number && is_folder(dir)) return {dir, side, true};
  if (is_folder(whole)) return {whole, ""};
  if (is_folder(dir)) return {dir, side, true};  // a side that is none
  throw Error("no such folder", number ? dir : whole, layout_hint());
}

DataSplits load_photos(const std::string& rest, const LoadOptions& options) {
  const PhotosSpec spec = parse_photos(rest);
  if (!spec.has_side) return load_image_folder(spec.dir, options.side > 0 ? options.side : kPhotoSide, options);
  const int side = to_number(spec.side);
  if (side < 8 || side > kMaxSide)
    throw Error("'" + spec.side + "' is not a side of images", Setting{"data"},
                "folder:DIR:SIDE takes a SIDE from 8 to " + std::to_string(kMaxSide));
  return load_image_folder(spec.dir, side, options);
}

// The images of `set` for which `taken` holds `wanted`.
Dataset part_of(const Dataset& set, const std::vector<bool>& taken, bool wanted) {
  Dataset part = set.without_images();
  std::vector<uint8_t> images;
  for (int i = 0; i < set.count; ++i) {
    if (taken[static_cast<size_t>(i)] != wanted) continue;
    images.insert(images.end(), set.image(i), set.image(i) + set.image_size());
    part.labels.push_back(set.labels[static_cast<size_t>(i)]);
    ++part.count;
  }
  part.images = std::move(images);
  return part;
}

// Of images in memory: what the options make of the training and the test images.
void choose_split(DataSplits& data, const LoadOptions& options) {
  const bool test = options.evaluation_only && options.split == Split::kTest;
  if (options.val_share > 0 && !test) {
    std::vector<uint64_t> keys;
    for (int64_t i = 0; i < data.train.count; ++i) keys.push_back(split_key(i));
    const std::vector<bool> off = split_off(data.train.labels, data.train.classes, keys, options.val_share);
    if (std::find(off.begin(), off.end(), true) == off.end())
      throw Error("no class has two training images", Setting{"val_share"}, "leave it out: there is nothing to split");
    data.test = part_of(data.train, off, true);
    data.train = part_of(data.train, off, false);
  }
  if (!options.evaluation_only) return;
  if (options.split == Split::kTrain) {
    data.test = std::move(data.train);
    data.train = data.test.without_images();
  }
  if (options.split == Split::kVal && options.val_share == 0)
    throw Error("there is no val split", Setting{"split"}, "these data have train and test");
}

enum SourceTraits : unsigned {
  kNone = 0,
  kIdx = 1,            // its images can be transposed
  kDividesItself = 2,  // the options that choose a part are its loader's
};

struct Source {
  std::string name, form;
  unsigned traits;
  DataSplits (*load)(const std::string& rest, const LoadOptions& options);
  std::string help;
};

const std::vector<Source>& sources() {
  static const std::vector<Source> list = {
#define INTRAIN_DATA_SOURCE(name, form, traits, load, help) {name, form, traits, load, help},
#include "data/sources.def"
#undef INTRAIN_DATA_SOURCE
  };
  return list;
}

// nullptr: there is none.
const Source* find_source(const std::string& name) {
  for (const Source& source : sources())
    if (source.name == name) return &source;
  return nullptr;
}

const Source& source_of(const std::string& name, const std::string& rest) {
  const Source* source = find_source(name);
  if (source == nullptr) {
    std::string forms;
    for (const Source& s : sources()) forms.append(forms.empty() ? "" : ", ").append(s.name).append(s.form);
    throw Error("unknown data '" + name + "'", Setting{"data"}, "one of: " + forms);
  }
  if (rest.empty() && source->form.starts_with(":DIR"))
    throw Error("'" + name + "' needs a folder", Setting{"data"}, "write " + name + source->form);
  return *source;
}

}  // namespace

bool same_images(const LoadOptions& a, const LoadOptions& b) {
  return a.evaluation_only == b.evaluation_only && a.split == b.split && a.val_share == b.val_share &&
         a.transpose == b.transpose && a.class_names == b.class_names && a.side == b.side && a.crop_q16 == b.crop_q16;
}

std::string data_name(const std::string& spec) { return spec.substr(0, spec.find(':')); }

bool same_data(const std::string& a, const std::string& b) {
  if (a == b) return true;
  if (data_name(a) != "folder" || data_name(b) != "folder" || a.size() < 8 || b.size() < 8) return false;
  try {
    return std::filesystem::equivalent(parse_photos(a.substr(7)).dir, parse_photos(b.substr(7)).dir);
  } catch (const Error&) {
    return false;
  } catch (const std::filesystem::filesystem_error&) {
    return false;
  }
}

bool is_idx_data(const std::string& spec) {
  const Source* source = find_source(data_name(spec));
  return source != nullptr && (source->traits & kIdx) != 0;
}

std::string data_help() {
  std::string text;
  for (const Source& source : sources())
    text.append(text.empty() ? "" : ", ").append(source.name).append(source.form).append(" (").append(source.help).append(")");
  return text;
}

DataSplits load_data(const std::string& spec, const LoadOptions& options) {
  const std::string name = data_name(spec), rest = spec.size() > name.size() ? spec.substr(name.size() + 1) : "";
  const Source& source = source_of(name, rest);
  DataSplits data = source.load(rest, options);
  if ((source.traits & kDividesItself) == 0) choose_split(data, options);
  data.spec = spec;
  return data;
}

}  // namespace intrain
