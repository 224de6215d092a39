#include "train/run_folder.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <thread>

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
  expect_error([] { RunFolder run(default_config()); }, "cannot make the run folder", "--out runs");
  TrainConfig config = default_config();
  config.out = "a/b/" + std::string(300, 'c');  // too long a name
  expect_error([&] { RunFolder run(config); }, "cannot make the run folder", "--out a/b/c");
  EXPECT_EQ(in.folder.entries(), 1u);
}

}  // namespace
}  // namespace intrain
