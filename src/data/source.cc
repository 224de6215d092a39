#include "data/source.h"

#include <filesystem>

#include "core/error.h"
#include "data/cifar.h"
#include "data/idx.h"
#include "data/image_folder.h"
#include "data/synthetic.h"

namespace intrain {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFashionDir = "/usr/share/datasets/fashion-mnist";
constexpr int kMaxSide = 512;
constexpr int kPhotoSide = 224;
constexpr int64_t kSyntheticBytes = int64_t{1} << 30;  // of sized images

// What is at `path`, not_found included. Throws Error where that cannot be seen: below a folder without permission, say.
fs::file_type type_of(const std::string& path) {
  std::error_code reason;
  const fs::file_status status = fs::status(path, reason);
  if (!fs::status_known(status))
    throw Error("cannot look it up: " + reason.message(), path, "check the path and its permissions");
  return status.type();
}

void check_folder(const std::string& dir, const std::string& hint) {
  if (type_of(dir) != fs::file_type::directory) throw Error("no such folder", dir, hint);
}

// The file called `name` in `dir`, plain or compressed.
std::string find_idx(const std::string& dir, const std::string& name, const std::string& hint) {
  for (const char* suffix : {"", ".gz"})
    if (const std::string path = dir + "/" + name + suffix; type_of(path) != fs::file_type::not_found) return path;
  throw Error("no such file, plain or with .gz", dir + "/" + name, hint);
}

Dataset load_idx_split(const std::string& dir, const std::string& prefix, const std::string& hint) {
  const std::string image_path = find_idx(dir, prefix + "-images-idx3-ubyte", hint);
  const std::string label_path = find_idx(dir, prefix + "-labels-idx1-ubyte", hint);
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
  set.classes = 10;
  for (size_t i = 0; i < labels.values.size(); ++i)
    if (labels.values[i] >= set.classes)
      throw Error("label " + std::to_string(labels.values[i]) + " of image " + std::to_string(i) + " is out of range 0..9",
                  label_path, "the file is damaged or of another set: fetch it again");
  set.images = std::move(images.values);
  set.labels.assign(labels.values.begin(), labels.values.end());
  return set;
}

DataSplits load_mnist(const std::string& dir, const std::string& hint) {
  check_folder(dir, hint);
  DataSplits data;
  data.train = load_idx_split(dir, "train", hint);
  data.test = load_idx_split(dir, "t10k", hint);
  if (data.train.h != data.test.h || data.train.w != data.test.w)
    throw Error("training images are " + std::to_string(data.train.h) + "x" + std::to_string(data.train.w) + ", test images " +
                    std::to_string(data.test.h) + "x" + std::to_string(data.test.w),
                dir, "both must come from the same set");
  return data;
}

DataSplits load_fashion_mnist(const std::string& dir) {
  DataSplits data =
      load_mnist(dir.empty() ? kFashionDir : dir,
                 dir.empty() ? "install it with: apt install dataset-fashion-mnist"
                             : "DIR must hold train- and t10k- images-idx3-ubyte and labels-idx1-ubyte, plain or .gz");
  data.class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"};
  return data;
}

DataSplits load_digits(const std::string& dir) {
  DataSplits data = load_mnist(dir, "DIR must hold train- and t10k- images-idx3-ubyte and labels-idx1-ubyte, plain or .gz");
  data.mirror = false;
  return data;
}

DataSplits load_cifar(const std::string& dir, CifarKind kind) {
  const bool ten = kind == CifarKind::kCifar10;
  check_folder(dir, ten ? "DIR must hold data_batch_1.bin to data_batch_5.bin and test_batch.bin"
                        : "DIR must hold train.bin and test.bin");
  DataSplits data;
  if (ten)
    for (int i = 1; i <= 5; ++i) append_cifar(dir + "/data_batch_" + std::to_string(i) + ".bin", kind, data.train);
  else
    append_cifar(dir + "/train.bin", kind, data.train);
  append_cifar(dir + (ten ? "/test_batch.bin" : "/test.bin"), kind, data.test);
  data.class_names = read_class_names(dir + (ten ? "/batches.meta.txt" : "/fine_label_names.txt"));
  if (static_cast<int>(data.class_names.size()) != data.train.classes) data.class_names.clear();
  return data;
}

// The number that `digits` says, 0 if it is none or too long.
int to_number(const std::string& digits) {
  const bool number = !digits.empty() && digits.size() <= 7 && digits.find_first_not_of("0123456789") == std::string::npos;
  return number ? std::stoi(digits) : 0;
}

// N or N:SIDE; may be empty.
DataSplits load_synthetic(const std::string& rest) {
  if (rest.empty()) return make_synthetic(kSyntheticDefault, 0);
  const size_t colon = rest.find(':');
  const std::string count = rest.substr(0, colon);
  const int n = to_number(count);
  if (n < 1 || n > kSyntheticMax)
    throw Error("'" + count + "' is not a number of images", "--data",
                "synthetic:N takes N from 1 to " + std::to_string(kSyntheticMax));
  if (colon == std::string::npos) return make_synthetic(n, 0);
  const std::string text = rest.substr(colon + 1);
  const int side = to_number(text);
  if (side < 4 || side > kMaxSide || side % 4 != 0)
    throw Error("'" + text + "' is not a side of generated images", "--data",
                "synthetic:N:SIDE takes multiples of 4 from 4 to " + std::to_string(kMaxSide));
  const int most = static_cast<int>(kSyntheticBytes / (3 * side * side));
  if (n > most)
    throw Error(std::to_string(n) + " images of " + text + "x" + text + " are too many", "--data",
                "synthetic:N:" + text + " takes N from 1 to " + std::to_string(most));
  return make_synthetic(n, 0, {side, 3});
}

// DIR or DIR:SIDE.
DataSplits load_photos(const std::string& rest, const LoadOptions& options) {
  const size_t colon = rest.rfind(':');
  const int side = colon == std::string::npos ? kPhotoSide : to_number(rest.substr(colon + 1));
  if (side < 8 || side > kMaxSide)
    throw Error("'" + rest.substr(colon + 1) + "' is not a side of images", "--data",
                "folder:DIR:SIDE takes a SIDE from 8 to " + std::to_string(kMaxSide));
  return load_image_folder(rest.substr(0, colon), side, options.evaluation_only, options.threads, options.progress);
}

DataSplits load_named(const std::string& name, const std::string& rest, const LoadOptions& options) {
  if (name == "fashion-mnist") return load_fashion_mnist(rest);
  if (name == "synthetic") return load_synthetic(rest);
  if (name == "mnist" || name == "cifar10" || name == "cifar100" || name == "folder") {
    if (rest.empty()) throw Error("'" + name + "' needs a folder", "--data", "write " + name + ":DIR");
    if (name == "folder") return load_photos(rest, options);
    if (name == "mnist") return load_digits(rest);
    return load_cifar(rest, name == "cifar10" ? CifarKind::kCifar10 : CifarKind::kCifar100);
  }
  throw Error("unknown data '" + name + "'", "--data",
              "one of: fashion-mnist[:DIR], mnist:DIR, cifar10:DIR, cifar100:DIR, folder:DIR[:SIDE], synthetic[:N[:SIDE]]");
}

}  // namespace

std::string data_name(const std::string& spec) { return spec.substr(0, spec.find(':')); }

DataSplits load_data(const std::string& spec, const LoadOptions& options) {
  const std::string name = data_name(spec);
  DataSplits data = load_named(name, spec.size() > name.size() ? spec.substr(name.size() + 1) : "", options);
  data.spec = spec;
  return data;
}

}  // namespace intrain
