#include "data/image_folder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "data/loader.h"
#include "data/normalization.h"
#include "data/photo_reader.h"
#include "data/source.h"
#include "support/photos.h"
#include "support/rng.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::Bytes;
using test::expect_error;
using test::TempFolder;
using test::write_bytes;
using Names = std::vector<std::string>;

// Three training photos and one validation photo of each of two classes.
class ImageFolderTest : public testing::Test {
 protected:
  ImageFolderTest() {
    for (const char* split : {"train", "val"})
      for (const char* name : {"rose", "aster"}) {
        std::filesystem::create_directories(folder_.file(std::string(split) + "/" + name));
        for (int i = 0; i < (split[0] == 't' ? 3 : 1); ++i) {
          Bytes pixels(size_t{40} * 60 * 3);
          for (uint8_t& p : pixels) p = static_cast<uint8_t>(rng_.range(0, 255));
          const std::string path = folder_.file(std::string(split) + "/" + name + "/" + std::to_string(i));
          if (i == 1)
            write_bytes(path + ".PNG", test::make_png(40, 60, 3, pixels));
          else
            write_bytes(path + ".jpg", test::make_jpeg(40, 60, 3, pixels));
        }
      }
  }

  DataSplits load(bool evaluation_only = false) const {
    return load_data("folder:" + folder_.path() + ":16", {evaluation_only, {}});
  }

  const TempFolder folder_;
  test::Rng rng_{3};
};

TEST_F(ImageFolderTest, ClassesAndFilesInOrder) {
  write_bytes(folder_.file("train/rose/notes.txt"), {'x'});
  write_bytes(folder_.file("train/rose/.hidden.jpg"), {'x'});
  std::filesystem::create_directories(folder_.file("train/.cache"));
  const DataSplits data = load();
  EXPECT_EQ(data.class_names, (Names{"aster", "rose"}));
  const std::string train = folder_.file("train/");
  EXPECT_EQ(data.train.files, (Names{train + "aster/0.jpg", train + "aster/1.PNG", train + "aster/2.jpg", train + "rose/0.jpg",
                                     train + "rose/1.PNG", train + "rose/2.jpg"}));
  EXPECT_EQ(data.train.labels, (std::vector<uint16_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(data.train.count, 6);
  EXPECT_EQ(data.test.labels, (std::vector<uint16_t>{0, 1}));
  EXPECT_EQ(data.train.classes, 2);
  EXPECT_EQ(data.train.h, 16);
  EXPECT_TRUE(data.broken.empty());
}

TEST_F(ImageFolderTest, TestMayStandForVal) {
  std::filesystem::rename(folder_.file("val"), folder_.file("test"));
  EXPECT_EQ(load().test.count, 2);
}

TEST_F(ImageFolderTest, HistogramsAreOfWhatEvaluationSees) {
  const DataSplits data = load();
  Dataset seen = data.train;
  PhotoReader reader;
  for (const std::string& file : seen.files) {
    Bytes pixels(static_cast<size_t>(seen.image_size()));
    reader.read(file, 16, 16, pixels.data());
    seen.images.insert(seen.images.end(), pixels.begin(), pixels.end());
  }
  seen.files.clear();
  const Normalization a = make_normalization(data.train), b = make_normalization(seen);
  for (int ch = 0; ch < 3; ++ch)
    for (int p = 0; p < 256; ++p) ASSERT_EQ(a.table[ch][p], b.table[ch][p]);
}

TEST_F(ImageFolderTest, WholePhotosOfTheRightSizeStayAsTheyAre) {
  Bytes pixels(size_t{12} * 20 * 3);
  for (uint8_t& p : pixels) p = static_cast<uint8_t>(rng_.range(0, 255));
  const std::string path = folder_.file("exact.png");
  write_bytes(path, test::make_png(12, 20, 3, pixels));
  PhotoReader reader;
  Bytes seen(pixels.size());
  reader.read_whole(path, 12, 20, seen.data());
  EXPECT_EQ(seen, pixels);
  // Of another shape, what lies in the middle.
  seen.resize(size_t{12} * 12 * 3);
  reader.read_whole(path, 12, 12, seen.data());
  for (size_t y = 0; y < 12; ++y) ASSERT_TRUE(std::equal(&seen[y * 36], &seen[y * 36] + 36, &pixels[y * 60 + 12])) << "row " << y;
}

TEST_F(ImageFolderTest, BrokenFilesAreLeftOutAndListed) {
  const std::string cut = folder_.file("train/aster/0.jpg"), text = folder_.file("val/rose/text.jpeg");
  Bytes bytes = test::read_bytes(cut);
  bytes.resize(bytes.size() / 2);
  write_bytes(cut, bytes);
  write_bytes(text, {'h', 'e', 'l', 'l', 'o'});
  int64_t calls = 0, total = 0;
  const DataSplits data = load_image_folder(folder_.path(), 16, false, 2, [&](int64_t done, int64_t of) {
    EXPECT_EQ(done, ++calls);
    total = of;
  });
  EXPECT_EQ(calls, 9);
  EXPECT_EQ(total, 9);
  EXPECT_EQ(data.train.count, 5);
  EXPECT_EQ(data.train.labels, (std::vector<uint16_t>{0, 0, 1, 1, 1}));
  ASSERT_EQ(data.broken.size(), 2u);
  EXPECT_EQ(data.broken[0].find(cut + ": not a whole JPEG picture"), 0u) << data.broken[0];
  EXPECT_EQ(data.broken[1], text + ": no picture of a kind that is read (JPEG, PNG, WebP, BMP, GIF or TIFF)");
}

TEST_F(ImageFolderTest, EvaluationLeavesTheTrainingPhotosAlone) {
  for (const char* name : {"0.jpg", "1.PNG", "2.jpg"}) write_bytes(folder_.file(std::string("train/aster/") + name), {});
  const DataSplits data = load(true);
  EXPECT_TRUE(data.broken.empty());
  EXPECT_EQ(data.test.count, 2);
  EXPECT_EQ(data.class_names.size(), 2u);
}

TEST_F(ImageFolderTest, ThreadsDoNotShowInTheBatches) {
  const DataSplits data = load();
  const Normalization norm = make_normalization(data.train);
  for (const bool training : {true, false}) {
    Loader one(data.train, norm, {4, training, true, 9, 1, 1}), many(data.train, norm, {4, training, true, 9, 1, 5});
    for (int i = 0; i < 30; ++i) {
      const Batch a = one.next(), b = many.next();
      ASSERT_EQ(a.count, b.count);
      // What lies behind the last image of a batch that is not full is left over.
      ASSERT_TRUE(std::equal(a.images.begin(), a.images.begin() + a.count * data.train.image_size(), b.images.begin()))
          << "batch " << i;
      ASSERT_TRUE(std::equal(a.labels.begin(), a.labels.begin() + a.count, b.labels.begin()));
    }
  }
}

TEST_F(ImageFolderTest, EachEpochShowsAnotherPart) {
  const DataSplits data = load();
  const Normalization norm = make_normalization(data.train);
  Loader loader(data.train, norm, {6, true, false, 9, 0, 1});
  const Batch first = loader.next(), second = loader.next();
  EXPECT_NE(first.images, second.images);
}

TEST_F(ImageFolderTest, APhotoThatGoesAwayEndsTheTraining) {
  const DataSplits data = load();
  const Normalization norm = make_normalization(data.train);
  const std::string gone = folder_.file("train/rose/2.jpg");
  std::filesystem::remove(gone);
  Loader loader(data.train, norm, {6, true, false, 9, 0, 2});
  expect_error([&] { loader.next(); }, "cannot be read", gone);
}

TEST_F(ImageFolderTest, RefusesOtherLayouts) {
  const auto expect = [&](const std::string& what, const std::string& where) { expect_error([&] { load(); }, what, where); };
  std::filesystem::create_directories(folder_.file("val/tulip"));
  expect("'tulip' is no class", folder_.file("val"));
  std::filesystem::remove_all(folder_.file("val"));
  expect("no such folder", folder_.file("test"));
  std::filesystem::create_directories(folder_.file("val/rose"));
  expect("no photos", folder_.file("val"));
  std::filesystem::create_directories(folder_.file("train/tulip"));
  write_bytes(folder_.file("val/rose/0.png"), test::make_png(4, 4, 1, Bytes(16)));
  expect("no photos", folder_.file("train/tulip"));
  for (const char* name : {"tulip", "rose"}) std::filesystem::remove_all(folder_.file(std::string("train/") + name));
  expect("1 folders of classes", folder_.file("train"));
  expect_error([&] { load_data("folder:" + folder_.file("none")); }, "no such folder", folder_.file("none"));
  expect_error([&] { load_data("folder:" + folder_.path() + ":7"); }, "'7' is not a side", "--data");
}

}  // namespace
}  // namespace intrain
