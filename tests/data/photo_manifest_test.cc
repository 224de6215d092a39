#include "data/photo_manifest.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/parallel.h"
#include "core/reducer.h"
#include "data/image_folder.h"
#include "data/normalization.h"
#include "data/photo_check.h"
#include "support/photos.h"
#include "support/rng.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

namespace fs = std::filesystem;
using test::Bytes;
using test::TempFolder;
using test::write_bytes;

constexpr int kSide = 8;
constexpr int64_t kSecond = 1'000'000'000;

// Five photos of a class, and a clock that stands an hour after they were made.
class PhotoManifestTest : public testing::Test {
 protected:
  PhotoManifestTest() {
    fs::create_directories(data_.file("train/rose"));
    for (const char* name : {"0", "1", "2", "3", "4"}) write(name);
  }
  static std::string name_of(const std::string& name) { return "train/rose/" + name + ".png"; }
  std::string file(const std::string& name) const { return data_.file(name_of(name)); }
  void write(const std::string& name) {
    Bytes pixels(size_t{10} * 12 * 3);
    for (uint8_t& p : pixels) p = static_cast<uint8_t>(rng_.range(0, 255));
    write_bytes(file(name), test::make_png(10, 12, 3, pixels));
  }
  PhotoManifest manifest(int64_t now = PhotoManifest::clock_ns() + 3600 * kSecond, int crop_q16 = kStandardCropQ16) const {
    return {cache_.file("deep/cache"), data_.path(), kSide, crop_q16, now};
  }
  Dataset listed() const {
    Dataset set;
    set.h = set.w = kSide;
    set.c = 3;
    set.classes = 1;
    for (const char* name : {"0", "1", "2", "3", "4", "5"})
      if (fs::exists(file(name))) set.files.push_back(file(name));
    set.labels.assign(set.files.size(), 0);
    return set;
  }
  // The photos as they are checked with `manifest`, which is written after.
  Dataset check(PhotoManifest manifest, std::vector<LeftOut>* left_out = nullptr) const {
    Dataset set = listed();
    ThreadPool pool(2);
    SingleProcess alone;
    const std::function<void(int64_t, int64_t)> none;
    CheckProgress progress(0, none);
    std::vector<LeftOut> ignored;
    check_split(set, true, manifest, pool, alone, progress, left_out != nullptr ? *left_out : ignored);
    manifest.save();
    EXPECT_EQ(manifest.note(), "");
    return set;
  }
  Dataset read_all() const { return check({"", data_.path(), kSide, kStandardCropQ16}); }
  // Whether what is found without the manifest is found with it.
  void expect_right(const Dataset& with) const {
    const Dataset without = read_all();
    EXPECT_EQ(with.files, without.files);
    EXPECT_EQ(with.file_hashes, without.file_hashes);
    EXPECT_EQ(with.pixel_sums, without.pixel_sums);
    const Normalization a = make_normalization(with), b = make_normalization(without);
    EXPECT_EQ(std::memcmp(&a, &b, sizeof a), 0);
  }
  // Lets the manifest say of a photo what is not so: it shows where the photo is not read.
  void forge(const std::string& name) const {
    PhotoManifest forged = manifest();
    const uint64_t stamp = forged.stamp_of(file(name));
    ASSERT_NE(stamp, 0u);
    forged.add(file(name), {stamp, kForged, {}}, true);
    forged.save();
  }
  // Of the photos that are there, those whose forged facts are believed.
  std::string believed(const Dataset& set) const {
    std::string names;
    for (size_t i = 0; i < set.files.size(); ++i)
      if (set.file_hashes[i] == kForged) names += fs::path(set.files[i]).stem().string();
    return names;
  }
  // Times of files are counted in steps of some milliseconds.
  void let_time_pass() const {
    struct stat before {
    }, now{};
    ASSERT_EQ(stat(file("4").c_str(), &before), 0);
    do {
      write_bytes(data_.file("time"), {});
      ASSERT_EQ(stat(data_.file("time").c_str(), &now), 0);
    } while (now.st_mtim.tv_sec == before.st_mtim.tv_sec && now.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
  }
  void forge_all() const {
    for (const char* name : {"0", "1", "2", "3", "4"}) forge(name);
  }

  static constexpr uint64_t kForged = 12345;
  const TempFolder data_, cache_;
  test::Rng rng_{5};
};

TEST_F(PhotoManifestTest, WhatWasFoundIsFoundAgainWithoutReading) {
  expect_right(check(manifest()));
  const auto written = fs::last_write_time(manifest().path());
  expect_right(check(manifest()));
  EXPECT_EQ(fs::last_write_time(manifest().path()), written) << "nothing new was found";
  forge_all();
  EXPECT_EQ(believed(check(manifest())), "01234");
}

TEST_F(PhotoManifestTest, AChangedPhotoIsReadAgain) {
  forge_all();
  let_time_pass();
  write("1");  // other pixels
  // As many bytes and the old time: the time of the entry tells.
  struct stat before {};
  ASSERT_EQ(stat(file("2").c_str(), &before), 0);
  Bytes bytes = test::read_bytes(file("2"));
  write_bytes(file("2"), bytes);
  const timespec times[] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(utimensat(AT_FDCWD, file("2").c_str(), times, 0), 0);
  // Another file of the same name.
  fs::copy_file(file("3"), data_.file("other"));
  fs::rename(data_.file("other"), file("3"));
  EXPECT_EQ(believed(check(manifest())), "04");
  forge("0");
  EXPECT_EQ(believed(check(manifest())), "04") << "and what was read is known from then on";
}

TEST_F(PhotoManifestTest, OnlyNewPhotosAreRead) {
  forge_all();
  write("5");
  EXPECT_EQ(believed(check(manifest())), "01234");
  forge("5");
  EXPECT_EQ(believed(check(manifest())), "012345");
}

TEST_F(PhotoManifestTest, PhotosThatAreGoneAreForgottenAndThoseNotAskedForAreNot) {
  check(manifest());
  const auto size = [&] { return fs::file_size(manifest().path()); };
  const auto whole = size();
  fs::remove(file("0"));
  fs::rename(file("4"), data_.file("4.png"));
  write("5");
  expect_right(check(manifest()));
  EXPECT_EQ(size(), whole - (whole - 24) / 5) << "4 of 5 of equally long names";
  // A check of one photo leaves the others known.
  PhotoManifest one = manifest();
  one.add(file("5"), {one.stamp_of(file("5")), kForged, {}}, true);
  one.save();
  EXPECT_EQ(size(), whole - (whole - 24) / 5);
  EXPECT_EQ(believed(check(manifest())), "5");
}

TEST_F(PhotoManifestTest, ATimeThatMayHideAChangeIsNotTrusted) {
  struct stat s {};
  ASSERT_EQ(stat(file("4").c_str(), &s), 0);
  const int64_t changed = int64_t{s.st_ctim.tv_sec} * kSecond + s.st_ctim.tv_nsec;
  for (const int64_t later : {-3600 * kSecond, int64_t{0}, 2 * kSecond})
    EXPECT_EQ(manifest(changed + later).stamp_of(file("4")), 0u);
  const uint64_t stamp = manifest(changed + 2 * kSecond + 1).stamp_of(file("4"));
  EXPECT_NE(stamp, 0u);
  EXPECT_EQ(manifest().stamp_of(file("4")), stamp);
  // Neither believed nor kept.
  forge_all();
  EXPECT_EQ(believed(check(manifest(changed))), "");
  fs::remove(manifest().path());
  check(manifest(changed));
  EXPECT_FALSE(fs::exists(manifest().path()));
  // A time to come is none to be trusted, although the file lies still.
  const timespec times[] = {{0, UTIME_OMIT}, {s.st_mtim.tv_sec + 7200, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, file("4").c_str(), times, 0), 0);
  EXPECT_EQ(manifest().stamp_of(file("4")), 0u);
  EXPECT_EQ(manifest().stamp_of(file("none")), 0u);
}

TEST_F(PhotoManifestTest, WhatCannotBeReadIsTriedEachTime) {
  write_bytes(file("1"), {'x'});
  Bytes cut = test::read_bytes(file("2"));
  cut.resize(cut.size() / 2);
  write_bytes(file("2"), cut);
  for (int i = 0; i < 2; ++i) {
    std::vector<LeftOut> left_out;
    expect_right(check(manifest(), &left_out));
    ASSERT_EQ(left_out.size(), 2u);
    EXPECT_EQ(left_out[0].path, file("1"));
    EXPECT_EQ(left_out[1].path, file("2"));
  }
  write("2");
  EXPECT_EQ(check(manifest()).count, 4);
}

TEST_F(PhotoManifestTest, SideAndCropHaveManifestsOfTheirOwn) {
  forge_all();
  EXPECT_EQ(believed(check(manifest(PhotoManifest::clock_ns() + 3600 * kSecond, 0))), "");
  const int64_t later = PhotoManifest::clock_ns() + 3600 * kSecond;
  EXPECT_NE(PhotoManifest(cache_.path(), data_.path(), kSide, 0, later).path(),
            PhotoManifest(cache_.path(), data_.path(), kSide + 1, 0, later).path());
  // The same folder by another name is the same.
  EXPECT_EQ(PhotoManifest(cache_.path(), data_.path() + "/train/..", kSide, 0, later).path(),
            PhotoManifest(cache_.path(), data_.path(), kSide, 0, later).path());
  EXPECT_FALSE(PhotoManifest(cache_.path(), data_.path(), kMostManifestSide + 1, 0, later).is_kept());
  EXPECT_FALSE(PhotoManifest("", data_.path(), kSide, 0, later).is_kept());
}

TEST_F(PhotoManifestTest, ADamagedOneIsToldOfAndWrittenAnew) {
  forge_all();
  const std::string path = manifest().path();
  const Bytes whole = test::read_bytes(path);
  const auto expect_useless = [&](const Bytes& bytes, const std::string& why) {
    write_bytes(path, bytes);
    const PhotoManifest damaged = manifest();
    EXPECT_EQ(damaged.note(), "photos are read again that were checked before: " + why + " (" + path + ")");
    EXPECT_EQ(damaged.find(file("0"), damaged.stamp_of(file("0"))), PhotoFacts{});
  };
  for (size_t i = 0; i < whole.size(); i += 7) {
    Bytes bytes = whole;
    bytes[i] ^= 1;
    expect_useless(bytes, i < 16 ? "it is of something else" : "it is damaged");
  }
  for (size_t size : {size_t{0}, size_t{23}})
    expect_useless(Bytes(whole.begin(), whole.begin() + static_cast<int64_t>(size)), "it is no manifest");
  for (size_t size : {size_t{24}, whole.size() - 1})
    expect_useless(Bytes(whole.begin(), whole.begin() + static_cast<int64_t>(size)), "it is damaged");
  // Another data set's.
  const TempFolder elsewhere;
  PhotoManifest other(cache_.file("deep/cache"), elsewhere.path(), kSide, 0);
  write_bytes(other.path(), whole);
  EXPECT_NE(PhotoManifest(cache_.file("deep/cache"), elsewhere.path(), kSide, 0).note(), "");
  fs::remove(path);
  fs::create_directory(path);
  EXPECT_EQ(manifest().note(), "photos are read again that were checked before: it is a folder (" + path + ")");
  fs::remove(path);
  write_bytes(path, {'x'});
  Dataset set = listed();
  ThreadPool pool(1);
  SingleProcess alone;
  const std::function<void(int64_t, int64_t)> none;
  CheckProgress progress(0, none);
  std::vector<LeftOut> left_out;
  PhotoManifest anew = manifest();
  check_split(set, true, anew, pool, alone, progress, left_out);
  anew.save();
  expect_right(set);
  expect_right(check(manifest()));
}

TEST_F(PhotoManifestTest, OneThatCannotBeWrittenIsToldOf) {
  const int64_t later = PhotoManifest::clock_ns() + 3600 * kSecond;
  write_bytes(cache_.file("file"), {'x'});
  PhotoManifest nowhere(cache_.file("file/cache"), data_.path(), kSide, 0, later);
  nowhere.add(file("0"), {nowhere.stamp_of(file("0")), 1, {}}, true);
  nowhere.save();
  EXPECT_EQ(nowhere.note().find("the next start reads these photos again: "), 0u) << nowhere.note();
  // load_data tells of it, and goes on; nobody else reads the folder that is made.
  check(manifest());
  struct stat s {};
  ASSERT_EQ(stat(cache_.file("deep/cache").c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777u, 0700u);
}

TEST_F(PhotoManifestTest, IsUsedByTheLoadingOfAFolder) {
  fs::create_directories(data_.file("train/aster"));
  fs::create_directories(data_.file("val/rose"));
  fs::copy_file(file("0"), data_.file("train/aster/a.png"));
  fs::copy_file(file("1"), data_.file("val/rose/b.png"));
  LoadOptions options;
  options.cache = cache_.file("deep/cache");
  const auto load = [&] { return load_image_folder(data_.path(), kSide, options); };
  EXPECT_EQ(load().note, "");
  check(manifest());  // the same folder's
  EXPECT_EQ(load().note, "");
  write_bytes(manifest().path(), {'x'});
  EXPECT_NE(load().note, "");
}

TEST(PhotoFactsText, GoesBothWays) {
  PhotosFacts photos;
  photos["train/a\nb.png"] = {7, 8, {{{1, 1}, {255 * 4, 255 * 255 * 4}, {0, 0}}}};
  photos["\xff"] = {UINT64_MAX, 0, {}};
  const std::string bytes = photo_facts_bytes(photos);
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  EXPECT_EQ(parse_photo_facts(data, bytes.size(), 4), photos);
  EXPECT_EQ(parse_photo_facts(nullptr, 0, 4), PhotosFacts{});
  // Of fewer pixels, and cut anywhere but between records.
  EXPECT_THROW(parse_photo_facts(data, bytes.size(), 3), std::invalid_argument);
  int whole = 0;
  for (size_t size = 1; size < bytes.size(); ++size) try {
      whole += parse_photo_facts(data, size, 4).size() == 1 ? 1 : 0;
    } catch (const std::invalid_argument&) {
    }
  EXPECT_EQ(whole, 1);
}

TEST(PhotoFactsText, RefusesWhatNoPhotoHas) {
  const auto refused = [](const PhotoFacts& facts, const std::string& name) {
    const std::string bytes = photo_facts_bytes({{name, facts}});
    EXPECT_THROW(parse_photo_facts(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), 100), std::invalid_argument);
  };
  refused({0, 1, {}}, "a");
  refused({1, 1, {}}, "");
  for (const PixelSums& sums :
       {PixelSums{-1, 0}, PixelSums{0, -1}, PixelSums{100 * 255 + 1, 100 * 255 * 255}, PixelSums{1, 100 * 255 * 255 + 1},
        PixelSums{INT64_MAX, INT64_MAX}, PixelSums{INT64_MIN, INT64_MIN}, PixelSums{200, 399}, PixelSums{0, 1}, PixelSums{10, 9},
        PixelSums{10, 2551}})
    refused({1, 1, {{{}, sums, {}}}}, "a");
  const std::string one = photo_facts_bytes({{"a", {1, 1, {}}}}), two = one + one;
  EXPECT_THROW(parse_photo_facts(reinterpret_cast<const uint8_t*>(two.data()), two.size(), 100), std::invalid_argument);
}

}  // namespace
}  // namespace intrain
