#include "data/mnist.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/error.h"
#include "data/idx.h"
#include "data/paths.h"

namespace intrain {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFashionDir = "/usr/share/datasets/fashion-mnist";
constexpr const char* kFilesHint = "DIR must hold train- and t10k- images-idx3-ubyte and labels-idx1-ubyte, plain or .gz";
constexpr const char* kTrainImages = "train-images-idx3-ubyte";
constexpr int kMaxSide = 512;
constexpr int kDigits = 10;

// The path, plain or compressed; empty if there is none.
std::string find_idx(const std::string& path) {
  for (const char* suffix : {"", ".gz"})
    if (type_of(path + suffix) != fs::file_type::not_found) return path + suffix;
  return "";
}

// Where the files of a set are: DIR/ or DIR/PREFIX-, and train or test.
struct SetFiles {
  std::string dir, prefix;
  std::string file(const std::string& rest) const { return dir + "/" + prefix + rest; }
  std::string labels(const std::string& part) const { return find_idx(file(part + "-labels-idx1-ubyte")); }
};

std::string need_idx(const std::string& path, const std::string& hint) {
  const std::string found = find_idx(path);
  if (found.empty()) throw Error("no such file, plain or with .gz", path, hint);
  return found;
}

// The prefixes, with their dashes, of the sets in `dir`.
std::set<std::string> prefixes_in(const std::string& dir) {
  std::set<std::string> prefixes;
  std::error_code reason;
  for (fs::directory_iterator at(dir, reason), end; !reason && at != end; at.increment(reason)) {
    std::string name = at->path().filename().string();
    if (name.ends_with(".gz")) name.resize(name.size() - 3);
    const std::string end_of_name = std::string("-") + kTrainImages;
    if (name.size() > end_of_name.size() && name.ends_with(end_of_name))
      prefixes.insert(name.substr(0, name.size() - end_of_name.size() + 1));
  }
  return prefixes;
}

SetFiles find_set(const std::string& path, const std::string& hint) {
  if (!is_folder(path)) {
    const size_t slash = path.rfind('/');
    const std::string dir = slash == std::string::npos ? "." : path.substr(0, slash);
    SetFiles named{dir, path.substr(slash + 1) + "-"};
    if (is_folder(dir) && !find_idx(named.file(kTrainImages)).empty()) return named;
    throw Error("no such folder", path, hint);
  }
  if (!find_idx(path + "/" + kTrainImages).empty()) return {path, ""};
  const std::set<std::string> prefixes = prefixes_in(path);
  if (prefixes.empty()) return {path, ""};  // what is missing is told where it is looked for
  if (prefixes.size() == 1) return {path, *prefixes.begin()};
  std::string list;
  for (const std::string& prefix : prefixes) list.append(list.empty() ? "" : ", ").append(prefix, 0, prefix.size() - 1);
  throw Error(std::to_string(prefixes.size()) + " data sets", path, "write mnist:DIR/PREFIX with one of: " + list);
}

Dataset load_split(const SetFiles& files, const std::string& part, const std::string& hint) {
  const std::string image_path = need_idx(files.file(part + "-images-idx3-ubyte"), hint);
  const std::string label_path = need_idx(files.file(part + "-labels-idx1-ubyte"), hint);
  // The labels first: they are few, and what their number says of the images is checked before memory is taken for those.
  IdxArray labels = read_idx(label_path, 1);
  IdxArray images = read_idx(image_path, 3, [&](const std::vector<int>& dims) {
    if (dims[1] > kMaxSide || dims[2] > kMaxSide)
      throw Error("images of " + std::to_string(dims[1]) + "x" + std::to_string(dims[2]) + " are larger than " +
                      std::to_string(kMaxSide) + "x" + std::to_string(kMaxSide),
                  image_path, "is this a file of MNIST's kind?");
    if (dims[0] != labels.dims[0])
      throw Error(std::to_string(dims[0]) + " images but " + std::to_string(labels.dims[0]) + " labels", label_path,
                  "images and labels must come from the same set");
  });
  Dataset set;
  set.count = images.dims[0];
  set.h = images.dims[1];
  set.w = images.dims[2];
  set.c = 1;
  set.images = std::move(images.values);
  set.labels.assign(labels.values.begin(), labels.values.end());
  return set;
}

void transpose_images(Dataset& set) {
  std::vector<uint8_t> images(set.images.size());
  for (int i = 0; i < set.count; ++i) {
    const uint8_t* from = set.image(i);
    uint8_t* to = images.data() + i * set.image_size();
    for (int y = 0; y < set.h; ++y)
      for (int x = 0; x < set.w; ++x) to[x * set.h + y] = from[y * set.w + x];
  }
  set.images = std::move(images);
  std::swap(set.h, set.w);
}

[[noreturn]] void refuse_label(const Dataset& set, int label, const std::string& part, const std::string& why) {
  const auto at = std::find(set.labels.begin(), set.labels.end(), label) - set.labels.begin();
  throw Error("label " + std::to_string(label) + " of image " + std::to_string(at) + " is out of range: " + why, part,
              "the file is damaged or of another set: fetch it again");
}

// Numbers the classes of both splits; `most`: how many there can be, and are if that is ten.
void set_classes(DataSplits& data, const SetFiles& files, const std::string& test, int most) {
  std::vector<bool> trained(256);
  for (const uint16_t label : data.train.labels) trained[label] = true;
  int largest = 0;
  bool zero = false;
  for (const auto& [set, part] : {std::pair(&data.train, std::string("train")), std::pair(&data.test, test)}) {
    const int max = *std::max_element(set->labels.begin(), set->labels.end());
    if (max >= most) refuse_label(*set, max, files.labels(part), "there are " + std::to_string(most) + " classes");
    largest = std::max(largest, max);
    zero = zero || std::find(set->labels.begin(), set->labels.end(), 0) != set->labels.end();
  }
  data.train.classes = data.test.classes = kDigits;
  if (most == kDigits || (files.prefix.empty() && largest < kDigits)) return;
  const int first = zero ? 0 : 1;
  for (int label = first; label <= largest; ++label)
    if (!trained[static_cast<size_t>(label)]) {
      const bool in_train = trained[static_cast<size_t>(largest)];
      refuse_label(in_train ? data.train : data.test, largest, files.labels(in_train ? "train" : test),
                   "no training image has label " + std::to_string(label));
    }
  data.train.classes = data.test.classes = std::max(2, largest + 1 - first);
  if (first == 0) return;
  for (Dataset* set : {&data.train, &data.test})
    for (uint16_t& label : set->labels) --label;
  for (int i = 0; i < data.train.classes; ++i) data.class_names.push_back(std::to_string(first + i));
}

DataSplits load_set(const std::string& path, bool transpose, const std::string& hint, int most) {
  const SetFiles files = find_set(path, hint);
  const bool as_emnist = !files.prefix.empty() && !find_idx(files.file("test-images-idx3-ubyte")).empty();
  const std::string test = as_emnist ? "test" : "t10k";
  DataSplits data;
  data.train = load_split(files, "train", hint);
  data.test = load_split(files, test, hint);
  if (data.train.h != data.test.h || data.train.w != data.test.w)
    throw Error("training images are " + std::to_string(data.train.h) + "x" + std::to_string(data.train.w) + ", test images " +
                    std::to_string(data.test.h) + "x" + std::to_string(data.test.w),
                files.dir, "both must come from the same set");
  set_classes(data, files, test, most);
  if (transpose)
    for (Dataset* set : {&data.train, &data.test}) transpose_images(*set);
  return data;
}

}  // namespace

DataSplits load_mnist(const std::string& path, bool transpose) {
  constexpr int kLabels = 256;  // of a byte
  DataSplits data = load_set(path, transpose, kFilesHint, kLabels);
  data.mirror = false;
  return data;
}

DataSplits load_fashion_mnist(const std::string& dir, bool transpose) {
  DataSplits data = load_set(dir.empty() ? kFashionDir : dir, transpose,
                             dir.empty() ? "install it with: apt install dataset-fashion-mnist" : kFilesHint, kDigits);
  data.class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"};
  return data;
}

}  // namespace intrain
