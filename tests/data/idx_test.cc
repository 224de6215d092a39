#include "data/idx.h"

#include <gtest/gtest.h>
#include <zlib.h>

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
    expect_error([&] { load_data(spec); }, "", "--data");
}

}  // namespace
}  // namespace intrain
