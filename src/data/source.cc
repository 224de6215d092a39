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
#include "data/spec_number.h"
#include "data/synthetic.h"
#include "data/validation_share.h"

namespace intrain {

namespace {

constexpr int kPhotoSide = 224;

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

DataSplits load_generated(const std::string& rest, const LoadOptions&) { return load_synthetic(rest); }

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
  const int side = spec_number(spec.side);
  if (side < 8 || side > kMostSpecSide)
    throw Error("'" + spec.side + "' is not a side of images", Setting{"data"},
                "folder:DIR:SIDE takes a SIDE from 8 to " + std::to_string(kMostSpecSide));
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
