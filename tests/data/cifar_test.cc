#include "data/cifar.h"

#include <gtest/gtest.h>

#include "data/source.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::Bytes;
using test::expect_error;
using test::TempFolder;
using test::write_bytes;

// A record whose pixel at (plane, position) is plane * 80 + position mod 80.
Bytes record(const Bytes& labels) {
  Bytes bytes = labels;
  for (int plane = 0; plane < 3; ++plane)
    for (int p = 0; p < 1024; ++p) bytes.push_back(static_cast<uint8_t>(plane * 80 + p % 80));
  return bytes;
}

Bytes join(const Bytes& a, const Bytes& b) {
  Bytes bytes = a;
  bytes.insert(bytes.end(), b.begin(), b.end());
  return bytes;
}

TEST(Cifar, PlanesBecomePixels) {
  const TempFolder folder;
  write_bytes(folder.file("a"), join(record({3}), record({9})));
  const Dataset set = read_cifar({folder.file("a")}, CifarKind::kCifar10);
  ASSERT_EQ(set.count, 2);
  EXPECT_EQ(set.labels, (std::vector<uint16_t>{3, 9}));
  EXPECT_EQ(set.classes, 10);
  ASSERT_EQ(set.images.size(), 2u * 3072);
  for (int i = 0; i < 2; ++i)
    for (int p = 0; p < 1024; ++p)
      for (int ch = 0; ch < 3; ++ch) ASSERT_EQ(set.image(i)[3 * p + ch], ch * 80 + p % 80);
}

TEST(Cifar, LoadsBothKinds) {
  const TempFolder folder;
  for (int i = 1; i <= 5; ++i)
    write_bytes(folder.file("data_batch_" + std::to_string(i) + ".bin"), record({static_cast<uint8_t>(i)}));
  write_bytes(folder.file("test_batch.bin"), record({0}));
  const std::string names = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n";
  write_bytes(folder.file("batches.meta.txt"), Bytes(names.begin(), names.end()));
  write_bytes(folder.file("train.bin"), join(record({1, 99}), record({2, 50})));
  write_bytes(folder.file("test.bin"), record({19, 0}));

  const DataSplits ten = load_data("cifar10:" + folder.path());
  EXPECT_EQ(ten.train.labels, (std::vector<uint16_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(ten.test.count, 1);
  EXPECT_EQ(ten.class_names.size(), 10u);
  const DataSplits hundred = load_data("cifar100:" + folder.path());
  EXPECT_EQ(hundred.train.labels, (std::vector<uint16_t>{99, 50}));  // the fine label
  EXPECT_EQ(hundred.train.classes, 100);
  EXPECT_TRUE(hundred.class_names.empty());
}

TEST(Cifar, RefusesBrokenFiles) {
  const TempFolder folder;
  const std::string path = folder.file("a");
  const auto refused = [&](CifarKind kind, const Bytes& bytes, const std::string& what) {
    write_bytes(path, bytes);
    expect_error([&] { read_cifar({path}, kind); }, what, path);
  };
  refused(CifarKind::kCifar10, {}, "record 0 has 0 of 3073 bytes");
  refused(CifarKind::kCifar10, join(record({1}), {2, 3}), "record 1 has 2 of 3073 bytes");
  refused(CifarKind::kCifar10, join(record({1}), record({10})), "label 10 of image 1 is out of range 0..9");
  refused(CifarKind::kCifar100, record({100, 100}), "label 100 of image 0 is out of range 0..99");
  refused(CifarKind::kCifar100, record({1}), "truncated");  // the other kind
  expect_error([&] { load_data("cifar10:" + folder.file("none")); }, "no such folder", folder.file("none"));
  expect_error([&] { load_data("cifar10:" + folder.path()); }, "cannot open", "data_batch_1.bin");
}

}  // namespace
}  // namespace intrain
