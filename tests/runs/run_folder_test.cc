#include "runs/run_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <memory>
#include <set>
#include <thread>

#include "runs/resume_point.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

namespace fs = std::filesystem;
using test::expect_error;
using test::TempFolder;

// Default run folders lie below the current directory.
struct InFolder {
  const TempFolder folder;
  const fs::path before = fs::current_path();
  InFolder() { fs::current_path(folder.path()); }
  ~InFolder() { fs::current_path(before); }
};

TrainConfig default_config() {
  TrainConfig config;
  config.data = "synthetic:64";
  config.model = "mlp";
  return config;
}

TEST(RunFolder, RunsStartedTogetherGetAFolderEach) {
  const InFolder in;
  const TrainConfig config = default_config();
  std::vector<std::unique_ptr<RunFolder>> runs(16);
  std::vector<std::thread> threads;
  for (auto& run : runs) threads.emplace_back([&] { run = std::make_unique<RunFolder>(config); });
  for (std::thread& t : threads) t.join();
  std::set<std::string> paths;
  for (const auto& run : runs) paths.insert(run->path());
  EXPECT_EQ(paths.size(), runs.size());
  EXPECT_TRUE(paths.contains("runs/synthetic-mlp-16"));
}

TEST(RunFolder, ADefaultGoesOnPastAFileOfItsName) {
  const InFolder in;
  fs::create_directory("runs");
  test::write_bytes("runs/synthetic-mlp-1", {1});
  EXPECT_EQ(RunFolder(default_config()).path(), "runs/synthetic-mlp-2");
}

TEST(RunFolder, WhatFailsIsRemovedAgain) {
  const InFolder in;
  test::write_bytes("runs", {1});
  expect_error([] { RunFolder run(default_config()); }, "cannot make the run folder", "out runs");
  TrainConfig config = default_config();
  config.out = "a/b/" + std::string(300, 'c');  // too long a name
  expect_error([&] { RunFolder run(config); }, "cannot make the run folder", "out a/b/c");
  EXPECT_EQ(in.folder.entries(), 1u);
}

// A run in a folder of its own, with one array of state.
class RunFolderOnDisk : public testing::Test {
 protected:
  RunFolderOnDisk() {
    config_ = default_config();
    config_.out = folder_.file("run");
    config_.keep = 2;
    info_.model = config_.model;
    info_.h = info_.w = 12;
    info_.c = 1;
    info_.classes = 10;
    info_.config = config_;
    info_.normalization.assign(256, 0);
  }
  void save(RunFolder& run, int64_t step) {
    info_.step = step;
    run.save(info_, state_, StateUse::kResume);
  }
  bool exists(const std::string& name) const { return fs::exists(config_.out + "/" + name); }
  static StepReport step_report(int64_t step) { return {step, 8, 1, 2.5, 0.25, 0.1, 64, 1}; }
  std::string metrics() const {
    const test::Bytes bytes = test::read_bytes(config_.out + "/metrics.jsonl");
    return {bytes.begin(), bytes.end()};
  }

  const TempFolder folder_;
  TrainConfig config_;
  CheckpointInfo info_;
  int32_t value_ = 7;
  const std::vector<StateArray> state_ = {{"x", ElementType::kS32, 1, &value_}};
};

TEST_F(RunFolderOnDisk, KeepsTheNewestCheckpoints) {
  RunFolder run(config_);
  for (const int64_t step : {0, 5, 10}) save(run, step);
  EXPECT_FALSE(exists("step-00000000.ckpt"));
  EXPECT_TRUE(exists("step-00000005.ckpt"));
  EXPECT_EQ(find_resume_point(config_.out).checkpoint.info.step, 10);
  info_.step = 12;
  run.save(info_, state_, StateUse::kFinal);
  EXPECT_FALSE(exists("step-00000005.ckpt"));
  EXPECT_TRUE(exists("step-00000010.ckpt"));
  EXPECT_EQ(find_resume_point(config_.out).checkpoint.info.step, 12);
}

TEST_F(RunFolderOnDisk, ADamagedCheckpointDoesNotPushOutAWholeOne) {
  {
    RunFolder run(config_);
    for (const int64_t step : {90, 100}) save(run, step);
  }
  test::write_bytes(config_.out + "/step-00000100.ckpt", {1, 2, 3});
  const ResumePoint point = find_resume_point(config_.out);
  EXPECT_EQ(point.checkpoint.info.step, 90);
  ASSERT_EQ(point.damaged.size(), 1u);
  EXPECT_NE(point.damaged[0].find("step-00000100.ckpt: not an intrain checkpoint"), std::string::npos);
  RunFolder run(config_, point.checkpoint.info);
  save(run, 95);
  EXPECT_TRUE(exists("step-00000090.ckpt"));
  EXPECT_EQ(find_resume_point(config_.out).checkpoint.info.step, 95);
}

TEST_F(RunFolderOnDisk, ABestCheckpointServesIfNothingElseDoes) {
  RunFolder run(config_);
  expect_error([&] { find_resume_point(config_.out); }, "no checkpoint", "resume " + config_.out);
  info_.step = 4;
  run.save(info_, state_, StateUse::kBest);
  EXPECT_EQ(find_resume_point(config_.out).checkpoint.info.step, 4);
  test::write_bytes(config_.out + "/best.ckpt", {});
  expect_error([&] { find_resume_point(config_.out); }, "no checkpoint of the folder can be read", "resume " + config_.out);
  expect_error([&] { find_resume_point(folder_.file("none")); }, "no such folder", "resume");
}

TEST_F(RunFolderOnDisk, OneProcessAtATimeTrainsInIt) {
  RunFolder run(config_);
  expect_error([&] { RunFolder other(config_, info_); }, "another process is training", config_.out);
  expect_error([&] { RunFolder other(config_); }, "another process is training", config_.out);
}

// The one that comes second must leave the first one's folder alone, though nothing may stand in it yet.
TEST_F(RunFolderOnDisk, WhoComesSecondLeavesTheFolderAlone) {
  fs::create_directory(config_.out);
  const int fd = open(config_.out.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
  config_.out = folder_.file("new/../run");  // of which a part is made here
  expect_error([&] { RunFolder other(config_); }, "another process is training", config_.out);
  EXPECT_TRUE(fs::is_directory(folder_.file("run")));
  close(fd);
}

TEST_F(RunFolderOnDisk, LinksThatLeadNowhereAreNotFollowed) {
  for (const char* name : {"metrics.jsonl", "config.json", "broken.txt", "photos.txt"}) {
    fs::create_directory(config_.out);
    fs::create_symlink(folder_.file("outside"), config_.out + "/" + name);
    expect_error([&] { RunFolder run(config_); }, "already holds a run", config_.out);
    EXPECT_FALSE(fs::exists(folder_.file("outside")));
    fs::remove_all(config_.out);
  }
}

TEST_F(RunFolderOnDisk, FoldersThatCannotBeEnteredAreErrors) {
  for (const std::string& name : {std::string(300, 'x'), std::string("loop/x")}) {
    fs::remove(folder_.file("loop"));
    fs::create_symlink(folder_.file("loop"), folder_.file("loop"));
    expect_error([&] { find_resume_point(folder_.file(name)); }, "cannot be entered", "resume " + folder_.file(name));
  }
}

TEST_F(RunFolderOnDisk, AConfigThatWasEditedIsRefused) {
  { RunFolder run(config_); }
  check_config_file(config_.out, config_, config_);
  TrainConfig other = config_;
  other.data = "synthetic:128";
  other.threads = 7;
  other.recompute = 64;
  other.save_every = 9;
  other.keep = 3;
  other.out = "elsewhere";
  check_config_file(config_.out, other, other);
  other.lr = 0.25;
  other.widths.w = 4;
  expect_error([&] { check_config_file(config_.out, other, other); },
               "lr is '0.1' there and '0.25' in the run, formats.w is '8' there and '4' in the run",
               config_.out + "/config.json");
  info_.config = other;
  check_config_file(config_.out, other, config_);  // a run that was killed as it went on with others
  other.out = config_.out;
  expect_error([&] { RunFolder run(other, info_); }, "lr is '0.1'", config_.out + "/config.json");
  fs::remove(config_.out + "/config.json");
  check_config_file(config_.out, other, other);
}

TEST_F(RunFolderOnDisk, SecondsOfStepsOfSeveralBatchesAreKept) {
  config_.accumulate = 3;
  info_.config = config_;
  {
    RunFolder run(config_);
    for (const int64_t step : {1, 2}) run.add(step_report(step));
  }
  info_.step = 2;
  EXPECT_DOUBLE_EQ(RunFolder(config_, info_).elapsed().epoch_seconds, 2 * 3 * config_.batch / 64.0);
}

TEST_F(RunFolderOnDisk, GoingOnTakesOutWhatWasNotSaved) {
  {
    RunFolder run(config_);
    run.add(StartReport{0, "0.1.0", "a CPU", "avx2", 2});
    run.add(1, {}, 0);
    for (const int64_t step : {1, 2, 3, 4}) run.add(step_report(step));
    run.add(EpochReport{1, 4, 2, 0.5, 2, 0.5, true, 64, 10});
    run.add(step_report(5));
    run.add(StartReport{5, "0.1.0", "another CPU", "avx2", 1});
    for (const int64_t step : {6, 7}) run.add(step_report(step));
  }
  const std::string whole = metrics();
  test::write_bytes(config_.out + "/best.ckpt.tmp.123", {1});
  test::write_bytes(config_.out + "/mine.tmp.123", {1});
  info_.step = 7;
  info_.epoch = 1;
  const double batch_seconds = config_.batch / 64.0;
  {
    RunFolder run(config_, info_);
    EXPECT_DOUBLE_EQ(run.elapsed().epoch_seconds, 3 * batch_seconds);
    EXPECT_DOUBLE_EQ(run.elapsed().seconds, 10 + 3 * batch_seconds);
  }
  EXPECT_EQ(metrics(), whole);
  EXPECT_FALSE(exists("best.ckpt.tmp.123"));
  EXPECT_TRUE(exists("mine.tmp.123"));

  // A line that was not written whole, and then one that was.
  const std::string torn = whole + "{\"type\": \"step\", \"st" + std::string(3, '\0');
  test::write_bytes(config_.out + "/metrics.jsonl", {torn.begin(), torn.end()});
  info_.step = 4;
  info_.epoch = 0;  // stopped before the evaluation
  {
    RunFolder run(config_, info_);
    EXPECT_DOUBLE_EQ(run.elapsed().seconds, 4 * batch_seconds);
    run.add(EpochReport{1, 4, 2, 0.5, 2, 0.5, true, 64, 10});
  }
  EXPECT_EQ(metrics(), whole.substr(0, whole.find("{\"type\": \"step\", \"step\": 5")));
}

}  // namespace
}  // namespace intrain
