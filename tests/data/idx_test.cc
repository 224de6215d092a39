#include "data/idx.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "data/source.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::Bytes;
using test::expect_error;
using test::TempFolder;
using test::write_bytes;

Bytes idx(const std::vector<uint32_t>& dims, const Bytes& values, uint8_t type = 8) {
  Bytes bytes = {0, 0, type, static_cast<uint8_t>(dims.size())};
  for (uint32_t d : dims)
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<uint8_t>(d >> shift));
  bytes.insert(bytes.end(), values.begin(), values.end());
  return bytes;
}

void write_gz(const std::string& path, const Bytes& bytes) {
  gzFile f = gzopen(path.c_str(), "wb");
  gzwrite(f, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(f);
}

const Bytes kSix = {1, 2, 3, 4, 5, 250};

TEST(Idx, ReadsPlainAndCompressed) {
  const TempFolder folder;
  write_bytes(folder.file("a"), idx({1, 2, 3}, kSix));
  write_gz(folder.file("a.gz"), idx({1, 2, 3}, kSix));
  for (const char* name : {"a", "a.gz"}) {
    const IdxArray array = read_idx(folder.file(name), 3);
    EXPECT_EQ(array.dims, (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(array.values, kSix);
  }
}

TEST(Idx, ReadsMoreThanOneChunk) {
  const TempFolder folder;
  Bytes values((1u << 24) + 1234);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<uint8_t>(i * 7 + i / 256);
  write_bytes(folder.file("a"), idx({static_cast<uint32_t>(values.size() / 2), 2}, values));
  EXPECT_EQ(read_idx(folder.file("a"), 2).values, values);
}

TEST(Idx, RefusesEveryTruncation) {
  const TempFolder folder;
  const Bytes whole = idx({1, 2, 3}, kSix);
  for (size_t n = 0; n < whole.size(); ++n) {
    write_bytes(folder.file("a"), Bytes(whole.begin(), whole.begin() + static_cast<int64_t>(n)));
    expect_error([&] { read_idx(folder.file("a"), 3); }, "truncated", folder.file("a"));
  }
}

TEST(Idx, RefusesEveryTruncationOfACompressedFile) {
  const TempFolder folder;
  write_gz(folder.file("a.gz"), idx({1, 2, 3}, kSix));
  const Bytes whole = test::read_bytes(folder.file("a.gz"));
  for (size_t n = 0; n < whole.size(); ++n) {
    write_bytes(folder.file("b.gz"), Bytes(whole.begin(), whole.begin() + static_cast<int64_t>(n)));
    expect_error([&] { read_idx(folder.file("b.gz"), 3); }, "", folder.file("b.gz"));
  }
}

TEST(Idx, RefusesACompressedFileWithAWrongChecksum) {
  const TempFolder folder;
  write_gz(folder.file("a.gz"), idx({1, 2, 3}, kSix));
  Bytes bytes = test::read_bytes(folder.file("a.gz"));
  bytes[bytes.size() - 6] ^= 1;
  write_bytes(folder.file("a.gz"), bytes);
  expect_error([&] { read_idx(folder.file("a.gz"), 3); }, "cannot read", "a.gz");
}

TEST(Idx, RefusesWhatIsNotTheFormat) {
  const TempFolder folder;
  const auto refused = [&](const Bytes& bytes, const std::string& what) {
    write_bytes(folder.file("a"), bytes);
    expect_error([&] { read_idx(folder.file("a"), 3); }, what, folder.file("a"));
  };
  refused(idx({6}, kSix), "wrong magic number 2049, expected 2051");  // labels where images should be
  refused(idx({1, 2, 3}, kSix, 13), "wrong magic number");            // floats
  refused(idx({0, 2, 3}, {}), "dimension 0 is 0");
  refused(idx({1, 0xFFFFFFFFu, 3}, kSix), "dimension 1 is 4294967295");
  refused(idx({1u << 24, 1u << 10, 2}, kSix), "more than 2^33 values");
  refused(idx({1u << 20, 28, 28}, kSix), "truncated");  // says 800 MB, holds six bytes: takes no such memory
  Bytes longer = idx({1, 2, 3}, kSix);
  longer.push_back(0);
  refused(longer, "bytes after the last");
  expect_error([&] { read_idx(folder.file("none"), 3); }, "cannot open", folder.file("none"));
  expect_error([&] { read_idx(folder.path(), 3); }, "cannot read", folder.path());
}

TEST(Idx, RefusesWhatUnpacksWithoutMeasure) {
  const TempFolder folder;
  const uint32_t images = 100000;
  gzFile f = gzopen(folder.file("a.gz").c_str(), "wb1");
  const Bytes header = idx({images, 28, 28}, {}), black(size_t{1} << 20);
  gzwrite(f, header.data(), static_cast<unsigned>(header.size()));
  for (int64_t left = int64_t{images} * 28 * 28; left > 0; left -= static_cast<int64_t>(black.size()))
    gzwrite(f, black.data(), static_cast<unsigned>(std::min<int64_t>(left, static_cast<int64_t>(black.size()))));
  gzclose(f);
  expect_error([&] { read_idx(folder.file("a.gz"), 3); }, "it unpacks to more than 64 times its size", folder.file("a.gz"));
}

TEST(Idx, AsksAboutTheDimensionsBeforeItReadsValues) {
  const TempFolder folder;
  write_bytes(folder.file("a"), idx({1u << 20, 28, 28}, {}));  // reading on would find it truncated
  const auto refuse = [](const std::vector<int>& dims) {
    EXPECT_EQ(dims, (std::vector<int>{1 << 20, 28, 28}));
    throw Error("not these", "a", "others");
  };
  expect_error([&] { read_idx(folder.file("a"), 3, refuse); }, "not these", "a");
}

// A small set of MNIST's kind.
void write_set(const TempFolder& folder, const std::string& prefix, uint32_t images, const Bytes& labels, uint32_t side = 4) {
  write_bytes(folder.file(prefix + "-images-idx3-ubyte"), idx({images, side, side}, Bytes(images * side * side, 9)));
  write_gz(folder.file(prefix + "-labels-idx1-ubyte.gz"), idx({static_cast<uint32_t>(labels.size())}, labels));
}

TEST(MnistSource, LoadsBothSplits) {
  const TempFolder folder;
  write_set(folder, "train", 3, {1, 9, 0});
  write_set(folder, "t10k", 1, {7});
  const DataSplits data = load_data("mnist:" + folder.path());
  EXPECT_EQ(data.train.count, 3);
  EXPECT_EQ(data.train.h, 4);
  EXPECT_EQ(data.train.c, 1);
  EXPECT_EQ(data.train.classes, 10);
  EXPECT_EQ(data.train.labels, (std::vector<uint16_t>{1, 9, 0}));
  EXPECT_EQ(data.test.labels, (std::vector<uint16_t>{7}));
  EXPECT_FALSE(data.mirror);  // a mirrored digit is no digit
  EXPECT_TRUE(load_data("fashion-mnist:" + folder.path()).mirror);
  EXPECT_EQ(load_data("fashion-mnist:" + folder.path()).class_names.size(), 10u);
}

// A set of EMNIST's kind.
void write_emnist(const TempFolder& folder, const std::string& name, const Bytes& train, const Bytes& test) {
  write_set(folder, name + "-train", static_cast<uint32_t>(train.size()), train);
  write_set(folder, name + "-test", static_cast<uint32_t>(test.size()), test);
}

Bytes all_labels(int first, int last) {
  Bytes labels;
  for (int label = first; label <= last; ++label) labels.push_back(static_cast<uint8_t>(label));
  return labels;
}

TEST(MnistSource, AsManyClassesAsLabels) {
  const TempFolder folder;
  write_emnist(folder, "emnist-balanced", all_labels(0, 46), {46, 0, 7});
  const DataSplits balanced = load_data("mnist:" + folder.path());  // the only set there
  EXPECT_EQ(balanced.train.classes, 47);
  EXPECT_EQ(balanced.test.labels, (std::vector<uint16_t>{46, 0, 7}));
  EXPECT_TRUE(balanced.class_names.empty());
  write_emnist(folder, "emnist-letters", all_labels(1, 26), {26, 1});
  expect_error([&] { load_data("mnist:" + folder.path()); }, "2 data sets", folder.path());
  const DataSplits letters = load_data("mnist:" + folder.file("emnist-letters"));
  EXPECT_EQ(letters.train.classes, 26);
  EXPECT_EQ(letters.test.labels, (std::vector<uint16_t>{25, 0}));
  ASSERT_EQ(letters.class_names.size(), 26u);
  EXPECT_EQ(letters.class_names[25], "26");
  // Under MNIST's names, which come first.
  write_set(folder, "train", 62, all_labels(0, 61));
  write_set(folder, "t10k", 1, {61});
  EXPECT_EQ(load_data("mnist:" + folder.path()).test.classes, 62);
  expect_error([&] { load_data("fashion-mnist:" + folder.path()); }, "label 61 of image 61 is out of range", "train-labels");
  write_set(folder, "t10k", 1, {63});
  expect_error([&] { load_data("mnist:" + folder.path()); }, "no training image has label 62", "t10k-labels");
}

TEST(MnistSource, TransposesImages) {
  const TempFolder folder;
  for (const char* part : {"train", "t10k"}) {
    write_bytes(folder.file(std::string(part) + "-images-idx3-ubyte"), idx({1, 2, 3}, kSix));
    write_gz(folder.file(std::string(part) + "-labels-idx1-ubyte.gz"), idx({1}, {3}));
  }
  const DataSplits data = load_data("mnist:" + folder.path(), {.transpose = true});
  EXPECT_EQ(data.test.h, 3);
  EXPECT_EQ(data.test.w, 2);
  EXPECT_EQ(Bytes(data.train.images.begin(), data.train.images.end()), (Bytes{1, 4, 2, 5, 3, 250}));
}

TEST(MnistSource, SplitsAShareOff) {
  const TempFolder folder;
  write_set(folder, "train", 13, {0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 9, 1});
  write_set(folder, "t10k", 2, {1, 0});
  LoadOptions options;
  options.val_share = (int64_t{1} << 30) / 5;
  const DataSplits data = load_data("mnist:" + folder.path(), options);
  EXPECT_EQ(data.train.count, 10);
  EXPECT_EQ(data.test.count, 3);  // 2 of 9, 1 of 3, 0 of 1
  EXPECT_EQ(std::count(data.test.labels.begin(), data.test.labels.end(), 9), 0);
  EXPECT_EQ(data.test.images.size(), static_cast<size_t>(3 * data.test.image_size()));
  options.evaluation_only = true;
  for (const auto& [split, count] :
       {std::pair(Split::kEvaluation, 3), std::pair(Split::kTrain, 10), std::pair(Split::kVal, 3), std::pair(Split::kTest, 2)}) {
    options.split = split;
    EXPECT_EQ(load_data("mnist:" + folder.path(), options).test.count, count);
  }
  options = LoadOptions{.evaluation_only = true, .split = Split::kVal};
  expect_error([&] { load_data("mnist:" + folder.path(), options); }, "no val split", "split");
}

TEST(MnistSource, RefusesWhatDoesNotFit) {
  const TempFolder folder;
  const std::string spec = "mnist:" + folder.path();
  expect_error([&] { load_data(spec + "/none"); }, "no such folder", folder.path() + "/none");
  expect_error([&] { load_data(spec); }, "no such file", "train-images-idx3-ubyte");
  write_set(folder, "t10k", 1, {7});
  write_set(folder, "train", 3, {1, 10, 0});
  expect_error([&] { load_data(spec); }, "label 10 of image 1 is out of range", "train-labels-idx1-ubyte.gz");
  write_set(folder, "train", 3, {1, 2});
  expect_error([&] { load_data(spec); }, "3 images but 2 labels", "train-labels-idx1-ubyte.gz");
  write_set(folder, "train", 3, {1, 2, 3}, 5);
  expect_error([&] { load_data(spec); }, "5x5, test images 4x4", folder.path());
}

TEST(MnistSource, RefusesSizesBeforeItReadsImages) {
  const TempFolder folder;
  const std::string spec = "mnist:" + folder.path();
  write_set(folder, "train", 3, {1, 2, 3});
  const std::string path = folder.file("train-images-idx3-ubyte");
  write_bytes(path, idx({3, 4, 513}, {}));
  expect_error([&] { load_data(spec); }, "images of 4x513 are larger than 512x512", path);
  write_bytes(path, idx({1u << 20, 4, 4}, {}));
  expect_error([&] { load_data(spec); }, "1048576 images but 3 labels", "train-labels-idx1-ubyte.gz");
}

TEST(MnistSource, SaysWhyAFileCannotBeLookedUp) {
  const TempFolder folder;
  // A link to itself stands for a folder without permission, which root may enter.
  std::filesystem::create_symlink("loop", folder.file("loop"));
  std::filesystem::create_symlink("train-images-idx3-ubyte", folder.file("train-images-idx3-ubyte"));
  expect_error([&] { load_data("mnist:" + folder.file("loop")); }, std::strerror(ELOOP), folder.file("loop"));
  expect_error([&] { load_data("mnist:" + folder.path()); }, std::strerror(ELOOP), folder.file("train-images-idx3-ubyte"));
}

TEST(Source, RefusesAnUnknownSpec) {
  for (const char* spec : {"", "imagenet", "cifar10", "mnist", "mnist:", "cifar100", ":", "synthetic:0", "synthetic:x",
                           "synthetic:-4", "synthetic:99999999999999999999", "synthetic:8:", "synthetic::16", "synthetic:8:0",
                           "synthetic:8:18", "synthetic:8:516", "synthetic:8:x", "synthetic:8:16:3", "synthetic:2000:512"})
    expect_error([&] { load_data(spec); }, "", "data");
}

}  // namespace
}  // namespace intrain
