// Ranks that share out what looking at a folder of photos takes: each has what one process has.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/local_ranks.h"
#include "data/loader.h"
#include "data/normalization.h"
#include "data/photo_check.h"
#include "data/photo_reader.h"
#include "data/source.h"
#include "support/photos.h"
#include "support/rng.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::Bytes;
using test::write_bytes;

// Eleven training photos and three to evaluate on, of two classes.
class RankPhotos : public testing::Test {
 protected:
  RankPhotos() {
    for (int i = 0; i < 14; ++i) write(name_of(i), pixels());
  }
  static std::string name_of(int i) {
    return std::string(i < 11 ? "train/" : "val/") + (i % 2 == 0 ? "ant/" : "bee/") + std::to_string(i) + ".png";
  }
  Bytes pixels() {
    Bytes all(size_t{10} * 12 * 3);
    for (uint8_t& p : all) p = static_cast<uint8_t>(rng_.range(0, 255));
    return all;
  }
  void write(const std::string& name, const Bytes& pixels) const {
    const std::string path = folder_.file(name);
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    write_bytes(path, test::make_png(10, 12, 3, pixels));
  }
  void spoil(const std::string& name, const Bytes& bytes) const { write_bytes(folder_.file(name), bytes); }
  DataSplits load(LoadOptions options = {}) const {
    options.threads = 2;
    return load_data("folder:" + folder_.path() + ":8", options);
  }

  const test::TempFolder folder_;
  test::Rng rng_{5};
};

void expect_same(const Dataset& a, const Dataset& b) {
  EXPECT_EQ(a.count, b.count);
  EXPECT_EQ(a.files, b.files);
  EXPECT_EQ(a.labels, b.labels);
  EXPECT_EQ(a.file_hashes, b.file_hashes);
  EXPECT_EQ(a.pixel_sums, b.pixel_sums);
}

TEST_F(RankPhotos, EachIsLookedAtOnceAndAllHaveTheSame) {
  spoil("train/ant/4.png", {'x'});
  spoil("train/bee/9.png", test::make_png(1, 1, 3, {1, 2, 3}));
  spoil("train/bee/5.png", Bytes(200, 137));
  spoil("val/ant/12.png", {});
  const DataSplits alone = load();
  EXPECT_EQ(alone.broken.size(), 3u);
  EXPECT_NE(alone.train.pixel_sums.at(2), alone.train.pixel_sums.at(0));
  for (const int ranks : {2, 3, 5, 14}) {
    std::atomic<int> looked_at{0};
    run_local_ranks(ranks, [&](int, std::unique_ptr<Reducer> reducer) {
      LoadOptions options;
      options.ranks = reducer.get();
      options.progress = [&](int64_t, int64_t) { ++looked_at; };
      const DataSplits data = load(options);
      expect_same(data.train, alone.train);
      expect_same(data.test, alone.test);
      EXPECT_EQ(data.broken, alone.broken);
      EXPECT_EQ(data.left_out, alone.left_out);
    });
    EXPECT_EQ(looked_at, 14) << ranks;
  }
}

// The first of its class is named, whichever rank has seen it.
TEST_F(RankPhotos, TheErrorIsThatOfOneProcess) {
  for (int i = 1; i < 11; i += 2) spoil(name_of(i), {'x'});
  const auto error_of = [&](const LoadOptions& options) {
    try {
      load(options);
    } catch (const Error& e) {
      return std::string(e.what()) + "; " + e.where + "; " + e.hint;
    }
    return std::string();
  };
  const std::string alone = error_of({});
  EXPECT_NE(alone.find("no photos; " + folder_.file("train/bee")), std::string::npos) << alone;
  for (const int ranks : {2, 3})
    run_local_ranks(ranks, [&](int, std::unique_ptr<Reducer> reducer) {
      LoadOptions options;
      options.ranks = reducer.get();
      EXPECT_EQ(error_of(options), alone);
    });
}

// Of more photos than are looked at before the ranks tell each other.
TEST_F(RankPhotos, SeveralRounds) {
  constexpr int kMore = 2100;
  spoil("train/bee/9.png", {'x'});
  for (int i = 0; i < kMore; ++i) {
    const int of = i % 700 == 699 ? 9 : i % 11;
    std::filesystem::create_hard_link(folder_.file(name_of(of)), folder_.file("train/ant/more" + std::to_string(i) + ".png"));
  }
  const DataSplits alone = load();
  EXPECT_GT(alone.broken.size(), 3u);
  run_local_ranks(2, [&](int, std::unique_ptr<Reducer> reducer) {
    LoadOptions options;
    options.ranks = reducer.get();
    const DataSplits data = load(options);
    expect_same(data.train, alone.train);
    EXPECT_EQ(data.broken, alone.broken);
  });
}

// What the first rank's manifest knows all know; what any rank finds is in it after.
TEST_F(RankPhotos, OneManifestIsEnough) {
  constexpr uint64_t kForged = 12345;
  const test::TempFolder cache;
  const int64_t later = PhotoManifest::clock_ns() + 3'600'000'000'000;
  const auto manifest = [&](int rank) {
    return PhotoManifest(rank == 0 ? cache.path() : "", folder_.path(), 8, kStandardCropQ16, later);
  };
  spoil("train/bee/9.png", {'x'});
  const auto file = [&](int i) { return folder_.file(name_of(i)); };
  Dataset listed;
  listed.h = listed.w = 8;
  listed.c = 3;
  listed.classes = 1;
  for (int i = 0; i < 11; ++i) listed.files.push_back(file(i));
  listed.labels.resize(11);
  {
    PhotoManifest known = manifest(0);
    for (const int i : {2, 7}) known.add(file(i), {known.stamp_of(file(i)), kForged, {}}, true);
    known.save();
  }
  for (const bool second : {false, true})
    run_local_ranks(3, [&](int rank, std::unique_ptr<Reducer> reducer) {
      Dataset set = listed;
      ThreadPool pool(1);
      const std::function<void(int64_t, int64_t)> none;
      CheckProgress progress(0, none);
      std::vector<LeftOut> left_out;
      PhotoManifest here = manifest(rank);
      check_split(set, true, here, pool, *reducer, progress, left_out);
      ASSERT_EQ(left_out.size(), 1u);
      EXPECT_EQ(left_out[0].path, file(9));
      ASSERT_EQ(set.count, 10);
      PixelSums expected;
      for (size_t i = 0; i < 10; ++i) {
        const bool forged = set.files[i] == file(2) || set.files[i] == file(7);
        EXPECT_EQ(set.file_hashes[i] == kForged, forged) << rank << " " << second;
        if (forged) continue;
        Bytes seen(8 * 8 * 3);
        PhotoReader().read(set.files[i], kStandardCropQ16, 8, 8, seen.data());
        for (size_t p = 0; p < seen.size(); p += 3) {
          expected.sum += seen[p];
          expected.squares += int64_t{seen[p]} * seen[p];
        }
      }
      EXPECT_EQ(set.pixel_sums.at(0), expected);
      here.save();
      EXPECT_EQ(here.note(), "");
    });
  const PhotoManifest now = manifest(0);
  for (int i = 0; i < 11; ++i) EXPECT_EQ(now.find(file(i), now.stamp_of(file(i))).stamp != 0, i != 9) << i;
}

// Ranks that see other files are told so before one is looked at; and a photo that is another one than what was looked at ends the reading.
TEST_F(RankPhotos, OtherFilesOnARankAreRefused) {
  std::atomic<int> refused{0};
  run_local_ranks(3, [&](int rank, std::unique_ptr<Reducer> reducer) {
    LoadOptions options;
    options.ranks = reducer.get();
    options.val_share = rank == 2 ? 1 << 28 : 0;
    try {
      load_data("folder:" + folder_.file(rank == 2 ? "train" : "") + ":8", options);
    } catch (const Error& e) {
      EXPECT_STREQ(e.what(), "the photos of rank 0 and those of rank 2 are not the same");
      ++refused;
    }
  });
  EXPECT_EQ(refused, 3);

  const DataSplits data = load();
  write("train/ant/0.png", pixels());
  LoaderOptions shared{.batch = 11, .ranks = 2};
  std::string said;
  for (shared.rank = 0; shared.rank < 2; ++shared.rank) {
    Loader loader(data.train, make_normalization(data.train), shared);
    try {
      loader.next();
    } catch (const Error& e) {
      said += e.what() + ("; " + e.where);
    }
  }
  EXPECT_EQ(said, "it is not the photo that was checked before the first step; " + folder_.file("train/ant/0.png"));
}

}  // namespace
}  // namespace intrain
