#include "runs/audit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>

#include "checkpoint/signature.h"
#include "core/local_ranks.h"
#include "data/source.h"
#include "support/photos.h"
#include "support/temp_folder.h"
#include "support/training.h"

namespace intrain {
namespace {

using test::expect_error;
using test::small_config;
using test::TempFolder;

AuditRecord record_of(const std::vector<AuditEntry>& entries) {
  AuditRecord record;
  record.entries = entries;
  return record;
}

// Recorded at other steps, two runs are compared where both were.
TEST(Audit, PartingOfRecords) {
  const AuditRecord a = record_of({{0, 1}, {10, 2}, {20, 3}, {30, 4}});
  EXPECT_EQ(parting(a, a).same, 30);
  EXPECT_FALSE(parting(a, a).different);
  const AuditParting later = parting(a, record_of({{0, 1}, {15, 7}, {20, 8}, {30, 9}}));
  EXPECT_EQ(later.same, 0);
  EXPECT_EQ(later.different, 20);
  const AuditParting never = parting(a, record_of({{5, 1}}));
  EXPECT_EQ(never.same, -1);
  EXPECT_FALSE(never.different);
  EXPECT_EQ(parting(a, record_of({{0, 7}})).different, 0);
}

TEST(Audit, FirstDifferenceOfTraces) {
  const std::vector<ArrayHashes> a = {{3, 0, {"x", "y"}, {1, 2}}, {4, 0, {"x", "y"}, {3, 4}}};
  EXPECT_FALSE(first_difference(a, a));
  std::vector<ArrayHashes> b = a;
  b[1].hashes[1] = 5;
  EXPECT_EQ(first_difference(a, b)->step, 4);
  EXPECT_EQ(first_difference(a, b)->array, "y");
  b[0].names.pop_back();  // another net
  b[0].hashes.pop_back();
  EXPECT_EQ(first_difference(a, b)->step, 3);
  EXPECT_EQ(first_difference(b, a)->array, "y");
}

TEST(Audit, TracesAreOfTheStatesThatWereRecorded) {
  const TempFolder folder;
  TrainConfig config = small_config(folder.file("run"));
  config.audit_every = 1;
  const DataSplits data = load_data(config.data);
  train(config, data, {});
  const Audit audit(config.out);
  ASSERT_EQ(audit.record().entries.size(), 9u);  // before the first step, and after each of 8
  for (const int64_t first : {0, 3, 8}) {
    const std::vector<ArrayHashes> trace = audit.trace(first, 8, data, {});
    ASSERT_EQ(trace.size(), static_cast<size_t>(9 - first));
    for (const ArrayHashes& hashes : trace)
      EXPECT_EQ(hashes.state, audit.record().entries[static_cast<size_t>(hashes.step)].state) << hashes.step;
  }
}

// On data that are right, and on others.
TEST(Audit, RanksFindWhatOneProcessFinds) {
  const TempFolder folder;
  TrainConfig config = small_config(folder.file("run"));
  config.audit_every = 1;
  const DataSplits data = load_data(config.data);
  train(config, data, {});
  DataSplits other = data;
  std::vector<uint8_t> pixels(data.train.images.begin(), data.train.images.end());
  for (uint8_t& p : pixels) p = static_cast<uint8_t>(255 - p);
  other.train.images = std::move(pixels);
  const Audit audit(config.out);
  const AuditPart part{0, 8};
  const std::optional<std::string> wrong = audit.replay(part, other, {});
  ASSERT_TRUE(wrong);
  const std::vector<ArrayHashes> trace = audit.trace(3, 8, data, {});
  run_local_ranks(3, [&](int, std::unique_ptr<Reducer> reducer) {
    const Audit mine(config.out);
    EXPECT_EQ(mine.fingerprint(), audit.fingerprint());
    AuditOptions options;
    options.runtime = std::make_shared<Runtime>(1, std::move(reducer));
    EXPECT_EQ(mine.replay(part, data, options), std::nullopt);
    EXPECT_EQ(mine.replay(part, other, options), wrong);
    EXPECT_FALSE(first_difference(mine.trace(3, 8, data, options), trace));
  });
}

// Of a run in the folder on photos in it.
TrainConfig config_on_photos(const TempFolder& folder) {
  for (const std::string name : {"train/ant/0", "train/ant/1", "train/bee/2", "train/bee/3", "val/ant/4", "val/bee/5"}) {
    const std::string file = folder.file(name + ".png");
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    test::write_bytes(file, test::make_png(16, 16, 3, test::Bytes(16 * 16 * 3, static_cast<uint8_t>(name.back()))));
  }
  TrainConfig config = small_config(folder.file("run"));
  config.data = "folder:" + folder.path() + ":16";
  config.batch = 2;
  return config;
}

// One rank alone meets it, and tells.
TEST(Audit, APhotoThatGoesAwayIsToldOnce) {
  const TempFolder folder;
  const TrainConfig config = config_on_photos(folder);
  const DataSplits data = load_data(config.data);
  train(config, data, {});
  std::filesystem::remove(folder.file("train/bee/3.png"));
  std::atomic<int> told{0}, told_elsewhere{0};
  run_local_ranks(2, [&](int, std::unique_ptr<Reducer> reducer) {
    const Audit audit(config.out);
    AuditOptions options;
    options.runtime = std::make_shared<Runtime>(1, std::move(reducer));
    for (const auto& compute : std::vector<std::function<void()>>{[&] { audit.replay(audit.parts()[0], data, options); },
                                                                  [&] { audit.trace(0, 2, data, options); }}) {
      try {
        compute();
      } catch (const ToldElsewhere&) {
        ++told_elsewhere;
      } catch (const Error& e) {
        EXPECT_NE(e.where.find("train/bee/3.png"), std::string::npos) << e.what();
        ++told;
      }
    }
  });
  EXPECT_EQ(told, 2);
  EXPECT_EQ(told_elsewhere, 2);
}

// A run that went on without a photo is no more what the data give, with the photo or without it; its record says so.
TEST(Audit, ALostPhotoIsInTheRecord) {
  const TempFolder folder;
  const TrainConfig config = config_on_photos(folder);
  const DataSplits whole = load_data(config.data);
  test::Stopper stopper;
  stopper.after = 1;
  TrainOptions options;
  options.observer = &stopper;
  options.stop = &stopper.stop;
  EXPECT_TRUE(train(config, whole, options).stopped);
  EXPECT_TRUE(Audit(config.out).wrong_data(whole).empty());
  std::filesystem::remove(folder.file("train/bee/3.png"));
  stopper.after = INT64_MAX;
  test::go_on(config, load_data(config.data), stopper);
  const Audit audit(config.out);
  ASSERT_EQ(audit.record().starts.size(), 2u);
  EXPECT_TRUE(audit.wrong_files().empty());
  const std::vector<std::string> wrong = audit.wrong_data(whole);
  ASSERT_EQ(wrong.size(), 1u);
  EXPECT_NE(wrong[0].find("the training images are not those that were recorded at step 1"), std::string::npos) << wrong[0];
  EXPECT_FALSE(audit.wrong_data(load_data(config.data)).empty());
}

TEST(Audit, WhatIsNoRunIsRefused) {
  const TempFolder folder;
  expect_error([&] { Audit audit(folder.file("none")); }, "there is no such folder", "none");
  expect_error([&] { Audit audit(folder.path()); }, "no record of an audit", "audit.jsonl");
}

}  // namespace
}  // namespace intrain
