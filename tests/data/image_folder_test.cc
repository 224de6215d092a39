#include "data/image_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <thread>

#include "data/loader.h"
#include "data/normalization.h"
#include "data/photo_reader.h"
#include "data/source.h"
#include "data/validation_share.h"
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
    LoadOptions options;
    options.evaluation_only = evaluation_only;
    return load(options);
  }
  DataSplits load(const LoadOptions& options) const { return load_data("folder:" + folder_.path() + ":16", options); }

  // What was left out of a folder, as it is listed.
  std::string left(const std::string& name, const std::string& why) const { return folder_.file(name) + ": " + why; }

  void copy(const std::string& from, const std::string& to) const {
    std::filesystem::create_directories(std::filesystem::path(folder_.file(to)).parent_path());
    std::filesystem::copy_file(folder_.file(from), folder_.file(to));
  }

  const TempFolder folder_;
  test::Rng rng_{3};
};

TEST_F(ImageFolderTest, ClassesAndFilesInOrder) {
  write_bytes(folder_.file("train/rose/Thumbs.db"), {'x'});
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
  EXPECT_EQ(data.left_out, "");
}

TEST_F(ImageFolderTest, PhotosAtAnyDepthInTheOrderOfTheirPaths) {
  copy("train/rose/0.jpg", "train/rose/1/b/x.jpg");
  copy("train/rose/0.jpg", "train/rose/1!.jpg");  // '!' before '/', and both before '0'
  copy("train/rose/0.jpg", "train/rose/10.jpg");
  const DataSplits data = load();
  Names of_rose(data.train.files.begin() + 3, data.train.files.end());
  for (std::string& file : of_rose) file = file.substr(folder_.file("train/rose/").size());
  EXPECT_EQ(of_rose, (Names{"0.jpg", "1!.jpg", "1.PNG", "1/b/x.jpg", "10.jpg", "2.jpg"}));
  EXPECT_TRUE(data.broken.empty());
}

TEST_F(ImageFolderTest, TheContentDecidesWhereTheNameTellsNothing) {
  copy("train/rose/0.jpg", "train/rose/without");
  copy("train/rose/1.PNG", "train/rose/photo.x");
  copy("train/rose/0.jpg", "train/rose/a.JFIF");
  write_bytes(folder_.file("train/rose/notes.txt"), {'x'});
  write_bytes(folder_.file("train/rose/more.TXT"), {'x'});
  write_bytes(folder_.file("train/rose/film.mp4"), {0, 0, 0, 24, 'f', 't', 'y', 'p', 'i', 's', 'o', 'm'});
  write_bytes(folder_.file("train/rose/empty"), {});
  write_bytes(folder_.file("train/labels.csv"), {'x'});
  const DataSplits data = load();
  EXPECT_EQ(data.train.count, 9);
  EXPECT_EQ(data.left_out, "4 files of other kinds (.txt 2, .mp4 1, no ending 1), 1 file outside the class folders");
  ASSERT_EQ(data.broken.size(), 5u);
  EXPECT_EQ(data.broken[0], left("train/labels.csv", "it lies in no folder of a class"));
  EXPECT_EQ(data.broken[1], left("train/rose/empty", "it is empty"));
}

TEST_F(ImageFolderTest, LinksAreFollowedOnceAndListedWhereTheyLeadNowhere) {
  namespace fs = std::filesystem;
  copy("train/rose/0.jpg", "pool/inner/p.jpg");
  fs::create_symlink(folder_.file("pool"), folder_.file("train/rose/pool"));
  fs::create_symlink(folder_.file("pool"), folder_.file("train/rose/pool2"));
  fs::create_symlink(folder_.file("pool/inner/p.jpg"), folder_.file("train/rose/file.jpg"));
  fs::create_symlink("..", folder_.file("train/rose/up"));
  fs::create_symlink("/", folder_.file("train/rose/all"));
  fs::create_symlink(".", folder_.file("pool/self"));
  fs::create_symlink("/media/none/1.jpg", folder_.file("train/rose/dead.jpg"));
  fs::create_symlink("round.jpg", folder_.file("train/rose/round.jpg"));
  fs::create_symlink("..", folder_.file("train/zz"));
  ASSERT_EQ(mkfifo(folder_.file("train/rose/pipe.jpg").c_str(), 0600), 0);
  const DataSplits data = load();
  EXPECT_EQ(data.class_names, (Names{"aster", "rose"}));
  EXPECT_EQ(data.train.count, 8);
  EXPECT_EQ(data.left_out, "2 links that lead nowhere, 5 links to folders that are read already, 1 device, socket or pipe");
  ASSERT_EQ(data.broken.size(), 8u);
  EXPECT_EQ(data.broken[1], left("train/rose/dead.jpg", "a link to /media/none/1.jpg leads nowhere"));
}

TEST_F(ImageFolderTest, OtherNamesOfTheFolders) {
  namespace fs = std::filesystem;
  std::string now = "val";
  for (const char* name : {"valid", "validation", "test"}) {
    fs::rename(folder_.file(now), folder_.file(name));
    now = name;
    EXPECT_EQ(load().test.count, 2) << name;
  }
  // Of val and test training takes val; either can be evaluated.
  copy("test/rose/0.jpg", "valid/rose/0.jpg");
  EXPECT_EQ(load().test.count, 1);
  LoadOptions options;
  options.evaluation_only = true;
  for (const auto& [split, count] : {std::pair(Split::kTrain, 6), std::pair(Split::kVal, 1), std::pair(Split::kTest, 2)}) {
    options.split = split;
    const DataSplits data = load(options);
    EXPECT_EQ(data.test.count, count);
    EXPECT_EQ(data.train.count, 0);
    EXPECT_EQ(data.train.classes, 2);
  }
  copy("test/rose/0.jpg", "val/rose/0.jpg");
  expect_error([&] { load(); }, "two folders to evaluate on: " + folder_.file("val") + " and " + folder_.file("valid"),
               folder_.path());
}

TEST_F(ImageFolderTest, AShareOfEachClassIsSplitOff) {
  std::filesystem::remove_all(folder_.file("val"));
  try {
    load();
    ADD_FAILURE() << "nothing to evaluate on";
  } catch (const Error& e) {
    EXPECT_NE(e.hint.find("`val_share`"), std::string::npos) << e.hint;
  }
  for (int i = 10; i < 27; ++i) copy("train/rose/0.jpg", "train/rose/" + std::to_string(i) + ".jpg");
  LoadOptions options;
  options.val_share = (int64_t{1} << kShareBits) / 4;
  const auto split = [&](bool flat) {
    const DataSplits data = load(options);
    EXPECT_EQ(std::count(data.test.labels.begin(), data.test.labels.end(), 0), 1);
    EXPECT_EQ(std::count(data.train.labels.begin(), data.train.labels.end(), 0), 2);
    Names rest;
    for (const Dataset* set : {&data.test, &data.train})
      for (const std::string& file : set->files) rest.push_back(file.substr(folder_.file(flat ? "" : "train/").size()));
    std::sort(rest.begin(), rest.begin() + data.test.count);
    return std::pair(Names(rest.begin(), rest.begin() + data.test.count), Names(rest.begin() + data.test.count, rest.end()));
  };
  const auto [val, train] = split(false);
  EXPECT_EQ(val.size(), 6u);  // 1 of 3, 5 of 20
  EXPECT_EQ(train.size(), 17u);
  // The parts of an evaluation are those of the training.
  options.evaluation_only = true;
  for (const auto& [part, count] : {std::pair(Split::kEvaluation, 6), std::pair(Split::kVal, 6), std::pair(Split::kTrain, 17)}) {
    options.split = part;
    EXPECT_EQ(load(options).test.count, count);
  }
  options.split = Split::kTest;
  expect_error([&] { load(options); }, "no folder test", folder_.path());
  options = LoadOptions{.val_share = options.val_share};
  // The folder of the classes by itself, elsewhere: the same photos.
  for (const char* name : {"rose", "aster"})
    std::filesystem::rename(folder_.file(std::string("train/") + name), folder_.file(name));
  std::filesystem::remove_all(folder_.file("train"));
  EXPECT_EQ(split(true).first, val);
  // One photo more moves at most one.
  copy("rose/0.jpg", "rose/new.jpg");
  const Names with_new = split(true).first;
  Names both;
  std::set_intersection(val.begin(), val.end(), with_new.begin(), with_new.end(), std::back_inserter(both));
  EXPECT_GE(both.size(), val.size() - 1);
  std::filesystem::create_directories(folder_.file("val/rose"));
  std::filesystem::create_directories(folder_.file("train"));
  for (const char* name : {"rose", "aster"})
    std::filesystem::rename(folder_.file(name), folder_.file(std::string("train/") + name));
  expect_error([&] { load(options); }, "there is a folder to evaluate on: " + folder_.file("val"), "val_share");
}

TEST_F(ImageFolderTest, AFolderOfClassesIsEvaluatedByTheNetsClasses) {
  copy("val/rose/0.jpg", "alone/rose/a.jpg");
  copy("val/rose/0.jpg", "alone/rose/deep/b.jpg");
  LoadOptions options;
  options.evaluation_only = true;
  options.class_names = {"tulip", "rose", "aster"};  // in the net's order
  const std::string spec = "folder:" + folder_.file("alone") + ":16";
  const DataSplits data = load_data(spec, options);
  EXPECT_EQ(data.class_names, options.class_names);
  EXPECT_EQ(data.test.classes, 3);
  EXPECT_EQ(data.test.labels, (std::vector<uint16_t>{1, 1}));
  copy("val/rose/0.jpg", "alone/weed/a.jpg");
  expect_error([&] { load_data(spec, options); }, "'weed' is no class of the net", folder_.file("alone"));
}

TEST_F(ImageFolderTest, AClassMayBeCalledTrain) {
  for (const char* name : {"train/0.png", "plane/1.png", "plane/2.png", "train/3.png"})
    copy("train/rose/1.PNG", std::string("v/") + name);
  LoadOptions options;
  options.val_share = (int64_t{1} << kShareBits) / 2;
  const DataSplits data = load_data("folder:" + folder_.file("v") + ":16", options);
  EXPECT_EQ(data.class_names, (Names{"plane", "train"}));
  EXPECT_EQ(data.train.count, 2);
  EXPECT_EQ(data.test.count, 2);
}

TEST_F(ImageFolderTest, ColonsAndTildesInPaths) {
  namespace fs = std::filesystem;
  const auto side = [&](const std::string& spec) { return load_data("folder:" + spec, {.evaluation_only = true}).test.h; };
  fs::create_directories(folder_.file("a:b"));
  for (const char* name : {"train", "val"}) fs::rename(folder_.file(name), folder_.file(std::string("a:b/") + name));
  EXPECT_EQ(side(folder_.file("a:b")), 224);
  EXPECT_EQ(side(folder_.file("a:b:24")), 24);
  expect_error([&] { side(folder_.file("a:b:7")); }, "'7' is not a side", "data");
  expect_error([&] { side(folder_.file("a:b:x")); }, "'x' is not a side", "data");
  expect_error([&] { side(folder_.file("a:c:24")); }, "no such folder", folder_.file("a:c"));
  expect_error([&] { side(folder_.file("a:c")); }, "no such folder", folder_.file("a:c"));
  fs::rename(folder_.file("a:b"), folder_.file("48:32"));
  EXPECT_EQ(side(folder_.file("48:32")), 224);
  const std::string home = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
  setenv("HOME", folder_.path().c_str(), 1);
  EXPECT_EQ(side("~/48:32:16"), 16);
  EXPECT_EQ(side("~/48:32"), 224);
  setenv("HOME", home.c_str(), 1);
}

TEST_F(ImageFolderTest, PixelSumsAreOfWhatEvaluationSees) {
  const DataSplits data = load();
  Dataset seen = data.train;
  PhotoReader reader;
  Bytes images;
  for (const std::string& file : seen.files) {
    Bytes pixels(static_cast<size_t>(seen.image_size()));
    reader.read(file, kStandardCropQ16, 16, 16, pixels.data());
    images.insert(images.end(), pixels.begin(), pixels.end());
  }
  seen.images = std::move(images);
  seen.files.clear();
  const Normalization a = make_normalization(data.train), b = make_normalization(seen);
  for (int ch = 0; ch < 3; ++ch)
    for (int p = 0; p < 256; ++p) ASSERT_EQ(a.table[ch][p], b.table[ch][p]);
}

// A border of 2 pixels of 40 x 60 is nothing that 7/8 shows, and 2/40 of what the whole shows.
TEST_F(ImageFolderTest, TheCropDecidesWhatIsSeen) {
  Bytes pixels(size_t{40} * 60 * 3);
  for (size_t y = 0; y < 2; ++y) std::fill_n(&pixels[y * 60 * 3], 60 * 3, uint8_t{255});
  for (const char* split : {"train", "val"})
    for (const char* name : {"rose", "aster"})
      for (const auto& entry : std::filesystem::directory_iterator(folder_.file(std::string(split) + "/" + name)))
        write_bytes(entry.path().string(), test::make_png(40, 60, 3, pixels));
  const auto load_cropped = [&](int crop_q16) { return load_data("folder:" + folder_.path() + ":20", {.crop_q16 = crop_q16}); };
  EXPECT_EQ(load_cropped(kStandardCropQ16).train.pixel_sums[0], PixelSums{});
  const DataSplits whole = load_cropped(0);
  EXPECT_EQ(whole.test.crop_q16, 0);
  EXPECT_GT(whole.train.pixel_sums[0].sum, 0);
  // And so do the batches.
  const Normalization norm = make_normalization(whole.train);
  Loader loader(whole.test, norm, {1, false});
  EXPECT_NE(loader.next().images[0], norm.table[0][0]);
  const DataSplits middle = load_cropped(kStandardCropQ16);
  Loader cropped(middle.test, norm, {1, false});
  EXPECT_EQ(cropped.next().images[0], norm.table[0][0]);
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
  const DataSplits data = load_image_folder(folder_.path(), 16,
                                            {.progress =
                                                 [&](int64_t done, int64_t of) {
                                                   EXPECT_EQ(done, ++calls);
                                                   total = of;
                                                 },
                                             .threads = 2});
  EXPECT_EQ(calls, 9);
  EXPECT_EQ(total, 9);
  EXPECT_EQ(data.train.count, 5);
  EXPECT_EQ(data.train.labels, (std::vector<uint16_t>{0, 0, 1, 1, 1}));
  ASSERT_EQ(data.broken.size(), 2u);
  EXPECT_EQ(data.broken[0].find(cut + ": not a whole JPEG picture"), 0u) << data.broken[0];
  EXPECT_EQ(data.broken[1], text + ": no picture of a kind that is read (JPEG, PNG, WebP, BMP, GIF or TIFF)");
}

TEST_F(ImageFolderTest, IsCheckedByNoMoreThreadsThanAsked) {
  for (const int threads : {1, 3}) {
    std::set<std::thread::id> seen;
    const DataSplits data = load_data("folder:" + folder_.path() + ":16",
                                      {false, [&](int64_t, int64_t) { seen.insert(std::this_thread::get_id()); }, threads});
    EXPECT_EQ(data.train.count, 6);
    EXPECT_LE(seen.size(), static_cast<size_t>(threads));
    if (threads == 1) EXPECT_EQ(seen, std::set{std::this_thread::get_id()});
  }
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
  LoaderOptions evaluation{.batch = 4, .first_step = 1}, plain{4, true, Mirror::kRandom, 9, 1}, augmented = plain;
  augmented.mirror = Mirror::kAlternate;
  augmented.border = Border::kBlack;
  augmented.shift = 2;
  augmented.cutout = 3;
  augmented.color_jitter = {100, 100, 100};
  LoaderOptions mixed = augmented;
  mixed.mixup = 4;
  for (LoaderOptions options : {evaluation, plain, augmented, mixed}) {
    Loader one(data.train, norm, options);
    options.threads = 5;
    Loader many(data.train, norm, options);
    for (int i = 0; i < 30; ++i) {
      const Batch a = one.next(), b = many.next();
      ASSERT_EQ(a.count, b.count);
      // What lies behind the last image of a batch that is not full is left over.
      ASSERT_TRUE(std::equal(a.images.begin(), a.images.begin() + a.count * data.train.image_size(), b.images.begin()))
          << "batch " << i;
      ASSERT_TRUE(std::equal(a.labels.begin(), a.labels.begin() + a.count, b.labels.begin()));
      ASSERT_EQ(a.other_labels, b.other_labels);
      ASSERT_EQ(a.other_shares, b.other_shares);
    }
  }
}

TEST_F(ImageFolderTest, EachEpochShowsAnotherPart) {
  const DataSplits data = load();
  const Normalization norm = make_normalization(data.train);
  Loader loader(data.train, norm, {6, true, Mirror::kNone, 9, 0, 1});
  const Batch first = loader.next(), second = loader.next();
  EXPECT_NE(first.images, second.images);
}

TEST_F(ImageFolderTest, APhotoThatGoesAwayEndsTheTraining) {
  const DataSplits data = load();
  const Normalization norm = make_normalization(data.train);
  const std::string gone = folder_.file("train/rose/2.jpg");
  std::filesystem::remove(gone);
  Loader loader(data.train, norm, {6, true, Mirror::kNone, 9, 0, 2});
  expect_error([&] { loader.next(); }, "cannot be read", gone);
}

// Whichever thread finds it first, and however many batches are on their way.
TEST_F(ImageFolderTest, TheFirstOfSeveralLostPhotosIsNamed) {
  const DataSplits data = load();
  const Normalization norm = make_normalization(data.train);
  for (const size_t i : {3, 4, 5}) std::filesystem::remove(data.train.files[i]);
  for (const int threads : {1, 2, 7}) {
    Loader loader(data.train, norm, {.batch = 2, .threads = threads});
    EXPECT_EQ(loader.next().count, 2);
    for (int i = 0; i < 2; ++i) expect_error([&] { loader.next(); }, "cannot be read", data.train.files[3]);
  }
}

// A rank opens no photo but its own.
TEST_F(ImageFolderTest, RanksReadTheirOwnPhotosOnly) {
  DataSplits data = load();
  const Normalization norm = make_normalization(data.train);
  LoaderOptions options{.batch = 4, .rank = 0, .ranks = 2};
  std::vector<std::string>& files = data.train.files;
  for (size_t i = 0; i < files.size(); ++i)
    if (i % 4 >= 2) std::filesystem::remove(files[i]);
  Loader own(data.train, norm, options);
  EXPECT_EQ(own.next().count, 2);
  options.rank = 1;
  Loader other(data.train, norm, options);
  expect_error([&] { other.next(); }, "cannot be read", files[2]);
}

TEST_F(ImageFolderTest, RefusesOtherLayouts) {
  const auto expect = [&](const std::string& what, const std::string& where) { expect_error([&] { load(); }, what, where); };
  std::filesystem::create_directories(folder_.file("val/tulip"));
  expect("'tulip' is no class", folder_.file("val"));
  std::filesystem::remove_all(folder_.file("val"));
  expect("no folder to evaluate on", folder_.path());
  std::filesystem::create_directories(folder_.file("val/rose"));
  expect("no photos", folder_.file("val"));
  std::filesystem::create_directories(folder_.file("train/tulip"));
  write_bytes(folder_.file("val/rose/0.png"), test::make_png(4, 4, 1, Bytes(16)));
  expect("no photos", folder_.file("train/tulip"));
  for (const char* name : {"tulip", "rose"}) std::filesystem::remove_all(folder_.file(std::string("train/") + name));
  expect("1 folders of classes", folder_.file("train"));
  expect_error([&] { load_data("folder:" + folder_.file("none")); }, "no such folder", folder_.file("none"));
  expect_error([&] { load_data("folder:" + folder_.path() + ":7"); }, "'7' is not a side", "data");
}

}  // namespace
}  // namespace intrain
