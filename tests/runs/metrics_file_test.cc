#include "runs/metrics_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/temp_folder.h"

namespace intrain {
namespace {

TEST(MetricsFile, AStartComesBack) {
  const std::string line = metrics_line(StartReport{7, "0.1.0", "a \"CPU\"\xff", "avx2", 2});
  EXPECT_EQ(line.substr(0, 51), R"({"type": "start", "step": 7, "version": "0.1.0", "c)");
  const auto back = std::get<StartReport>(parse_metrics_line(line));
  EXPECT_EQ(back.step, 7);
  EXPECT_EQ(back.version, "0.1.0");
  EXPECT_EQ(back.cpu, "a \"CPU\"\ufffd");
  EXPECT_EQ(back.isa, "avx2");
  EXPECT_EQ(back.threads, 2);
}

TEST(MetricsFile, AStepComesBack) {
  const std::string line = metrics_line(StepReport{123, 468, 2, 1.25, 0.5, 0.1, 1234.5, 60});
  EXPECT_EQ(line,
            R"({"type": "step", "step": 123, "epoch": 2, "loss": 1.25, "accuracy": 0.5, "lr": 0.1, "images_per_second": 1234.5})"
            "\n");
  const auto back = std::get<StepReport>(parse_metrics_line(line));
  EXPECT_EQ(back.step, 123);
  EXPECT_EQ(back.epoch, 2);
  EXPECT_EQ(back.loss, 1.25);
  EXPECT_EQ(back.accuracy, 0.5);
  EXPECT_EQ(back.rate, 0.1);
  EXPECT_EQ(back.images_per_second, 1234.5);
}

TEST(MetricsFile, AnEpochComesBack) {
  const auto back =
      std::get<EpochReport>(parse_metrics_line(metrics_line(EpochReport{3, 468, 2, 0.25, 1.5, 0.75, true, 64, 10.125, 0.25})));
  EXPECT_EQ(back.epoch, 3);
  EXPECT_EQ(back.step, 468);
  EXPECT_EQ(back.train_loss, 2);
  EXPECT_EQ(back.train_accuracy, 0.25);
  EXPECT_EQ(back.test_loss, 1.5);
  EXPECT_EQ(back.test_accuracy, 0.75);
  EXPECT_TRUE(back.best);
  EXPECT_EQ(back.images_per_second, 64);
  EXPECT_EQ(back.seconds, 10.125);
  EXPECT_EQ(back.waited, 0.25);
  const std::string older =
      R"({"type": "epoch", "epoch": 1, "step": 32, "train_loss": 2, "train_accuracy": 0.25, "test_loss": 2, )"
      R"("test_accuracy": 0.5, "best": true, "images_per_second": 64, "seconds": 1})";
  EXPECT_EQ(std::get<EpochReport>(parse_metrics_line(older)).waited, 0);
}

TEST(MetricsFile, NumbersComeBackInTheOrderOfTheNet) {
  std::vector<LayerNumbers> layers(2);
  layers[0].layer = "stem";
  layers[0].tensor[0] = {4, 1, 2, -9};
  layers[1].layer = "conv0";
  layers[1].tensor[4] = {8, 4, 0, -20};
  const auto back = std::get<NumbersReport>(parse_metrics_line(metrics_line(101, layers, 5)));
  EXPECT_EQ(back.step, 101);
  EXPECT_EQ(back.stored_saturated, 5);
  ASSERT_EQ(back.tensors.size(), 2u);
  EXPECT_EQ(back.tensors[0].layer, "stem");
  EXPECT_EQ(back.tensors[0].tensor, "W");
  EXPECT_EQ(back.tensors[0].exp, -9);
  EXPECT_EQ(back.tensors[0].zeros, 0.25);
  EXPECT_EQ(back.tensors[0].saturated, 0.5);
  EXPECT_EQ(back.tensors[1].layer, "conv0");
  EXPECT_EQ(back.tensors[1].tensor, "E2");
}

TEST(MetricsFile, LinesComeOneByOne) {
  const std::string long_line(10000, 'x'), edge(4095, 'y');
  std::istringstream in("a\n\n" + long_line + "\n" + edge + "\nlast");
  std::string line;
  for (const std::string& expected : {std::string("a"), std::string(), long_line, edge, std::string("last")}) {
    ASSERT_TRUE(next_metrics_line(in, line));
    EXPECT_EQ(line, expected);
  }
  EXPECT_FALSE(next_metrics_line(in, line));
  std::istringstream ended("a\n");
  EXPECT_TRUE(next_metrics_line(ended, line));
  EXPECT_FALSE(next_metrics_line(ended, line));
  std::istringstream zeros(std::string("a\0b\n", 4));
  EXPECT_TRUE(next_metrics_line(zeros, line));
  EXPECT_EQ(line, std::string("a\0b", 3));
}

// Memory ends before a line of gigabytes does.
TEST(MetricsFile, EndlessLinesAreCut) {
  const test::TempFolder folder;
  std::ofstream(folder.file("metrics.jsonl")) << "x";
  std::filesystem::resize_file(folder.file("metrics.jsonl"), 200'000'000);
  std::ifstream in(folder.file("metrics.jsonl"));
  std::string line;
  EXPECT_TRUE(next_metrics_line(in, line));
  EXPECT_LT(line.size(), 100'000'000U);
  EXPECT_FALSE(next_metrics_line(in, line));
}

TEST(MetricsFile, NestedLinesAreNone) {
  const std::string deep(200000, '['), end(200000, ']');
  EXPECT_TRUE(std::holds_alternative<std::monostate>(parse_metrics_line("{\"type\":" + deep + end + ",\"step\":1}")));
}

TEST(MetricsFile, OtherLinesAreNone) {
  for (const std::string line : {"", "{", "[]", "7", R"({"type": "step"})", R"({"type": 5})", R"({"type": "other", "step": 1})",
                                 R"({"type": "start", "step": 1, "version": "1", "cpu": 3, "isa": "avx2", "threads": 1})",
                                 R"({"type": "step", "step": "one", "epoch": 1, "loss": 1, "accuracy": 1, "lr": 1})",
                                 R"({"type": "numbers", "step": 1, "stored_saturated": 0, "layers": {"conv0": {"W": [-9]}}})"})
    EXPECT_TRUE(std::holds_alternative<std::monostate>(parse_metrics_line(line))) << line;
}

}  // namespace
}  // namespace intrain
