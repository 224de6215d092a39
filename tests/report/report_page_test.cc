#include "report/report_page.h"

#include <gtest/gtest.h>

#include "checkpoint/signature.h"
#include "data/source.h"
#include "report/draw/png_image.h"
#include "report/svg_chart.h"
#include "runs/training_run.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

namespace fs = std::filesystem;
using test::expect_error;
using test::TempFolder;

constexpr const char *kNasty = "<b>&\"", *kEscaped = "&lt;b&gt;&amp;&quot;";

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

// A finished run of 2 epochs of 4 steps, and its data.
class ReportTest : public testing::Test {
 protected:
  ReportTest() {
    config_.data = "synthetic:64";
    config_.model = "mlp";
    config_.epochs = 2;
    config_.batch = 16;
    config_.out = folder_.file("run");
    result_ = train(config_, data_, {});
  }
  RunReport whole() const {
    RunReport run = read_run(config_.out);
    run.examination = examine(*read_newest_checkpoint(run), data_, 1, {});
    return run;
  }

  const TempFolder folder_;
  TrainConfig config_;
  const DataSplits data_ = load_data("synthetic:64");
  TrainResult result_;
};

TEST_F(ReportTest, ReadsTheRun) {
  RunReport run = read_run(config_.out);
  EXPECT_TRUE(run.problems.empty());
  ASSERT_EQ(run.starts.size(), 1u);
  EXPECT_EQ(run.starts[0].step, 0);
  EXPECT_EQ(run.steps.size(), 8u);
  EXPECT_EQ(run.epochs.size(), 2u);
  ASSERT_TRUE(run.numbers);
  EXPECT_EQ(run.numbers->step, 1);
  for (const char* tensor : {"W", "E1", "E2", "G"})
    EXPECT_TRUE(std::any_of(run.exponents.begin(), run.exponents.end(), [&](const auto& t) { return t.tensor == tensor; }));
  const std::optional<Checkpoint> checkpoint = read_newest_checkpoint(run);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(run.signature, signature_text(result_.signature));
  EXPECT_EQ(run.parameters, 12 * 12 * 200 + 200 + 200 * 100 + 100 + 100 * 50 + 50 + 50 * 10 + 10);
  int64_t calls = 0;
  const Examination x = examine(*checkpoint, data_, 2, [&](int64_t done, int64_t total) {
    EXPECT_EQ(done, ++calls);
    EXPECT_LE(done, total);
  });
  EXPECT_GT(calls, 0);
  EXPECT_EQ(x.metrics.hits, result_.test.metrics.hits);
  EXPECT_LE(x.mistakes.size(), kMistakesShown);
  EXPECT_EQ(x.mistakes.size(), std::min<size_t>(kMistakesShown, static_cast<size_t>(x.metrics.count - x.metrics.hits)));
}

TEST_F(ReportTest, ThePageTellsAllOfIt) {
  const std::string page = report_page({whole()});
  EXPECT_TRUE(page.starts_with("<!DOCTYPE html>"));
  for (const char* part : {"mlp on synthetic", "Training loss", "Learning rate", "Which class is taken for which",
                           "Exponents over time", "How the numbers fill their formats", "label_smoothing",
                           "intrain train --data synthetic:64 --model mlp --epochs 2 --batch 16<"})
    EXPECT_TRUE(has(page, part)) << part;
  EXPECT_TRUE(has(page, signature_text(result_.signature)));
  // Nothing from elsewhere.
  EXPECT_EQ(count(page, "src="), count(page, "src=\"data:image/png;base64,"));
  for (const char* part : {"<link", "@import", "url("}) EXPECT_FALSE(has(page, part)) << part;
}

// As `eval` does it.
TEST_F(ReportTest, TellsWhichViewsOfAnImageCount) {
  RunReport run = whole();
  EXPECT_FALSE(has(report_page({run}), "mirror image"));
  Checkpoint checkpoint = *read_newest_checkpoint(run);
  checkpoint.info.config.test_mirror = true;
  run.examination = examine(checkpoint, data_, 1, {});
  EXPECT_TRUE(has(report_page({run}), "It sees each image with its mirror image."));
  checkpoint.info.config.test_shift = 1;
  run.examination = examine(checkpoint, data_, 1, {});
  EXPECT_TRUE(has(report_page({run}), "It sees each image with its mirror image, and both moved by 1 pixel each way."));
  DataSplits digits = data_;
  digits.mirror = false;
  test::expect_error([&] { examine(checkpoint, digits, 1, {}); }, "these images mean something else in a mirror", "test_mirror");
}

TEST_F(ReportTest, NamesAreText) {
  RunReport run = whole();
  run.config->model = run.config->init_from = run.folder = run.checkpoint = run.examination->data = kNasty;
  run.config->freeze = {kNasty};
  run.problems = {kNasty};
  run.starts[0].cpu = kNasty;
  for (std::string& name : run.examination->names) name = kNasty;
  for (NumbersReport::Tensor& t : run.numbers->tensors) t.layer = kNasty;
  for (ExponentTrack& t : run.exponents) t.layer = kNasty;
  for (const size_t runs : {1, 2}) {
    const std::string page = report_page(std::vector<RunReport>(runs, run));
    EXPECT_FALSE(has(page, kNasty));
    EXPECT_TRUE(has(page, kEscaped));
  }
}

TEST_F(ReportTest, SettingsThatDifferAreMarked) {
  const RunReport run = whole();
  EXPECT_FALSE(has(report_page({run, run}), "<tr class=\"differs\">"));
  RunReport other = run;
  other.config->lr = 0.5;
  other.config->widths.w = 4;
  const std::string page = report_page({run, other});
  EXPECT_EQ(count(page, "<tr class=\"differs\">"), 2u);
  EXPECT_TRUE(has(page, "<tr class=\"differs\"><th>lr</th><td>0.1</td><td>0.5</td>"));
  EXPECT_TRUE(has(page, "<tr class=\"differs\"><th>formats.w</th><td>8</td><td>4</td>"));
}

TEST_F(ReportTest, WhatIsMissingIsSaid) {
  test::write_bytes(config_.out + "/final.ckpt", {1, 2, 3});
  for (const char* name : {"best.ckpt", "step-00000004.ckpt"}) fs::remove(config_.out + "/" + name);
  test::write_bytes(config_.out + "/config.json", {'{'});
  test::write_bytes(config_.out + "/metrics.jsonl", {'{', '\n'});
  RunReport run = read_run(config_.out);
  EXPECT_FALSE(read_newest_checkpoint(run));
  const std::string page = report_page({run});
  for (const char* part : {"config.json: it is no JSON object", "1 line of metrics.jsonl cannot be read and is left out.",
                           "final.ckpt: not an intrain checkpoint"})
    EXPECT_TRUE(has(page, part)) << part;
  fs::remove(config_.out + "/metrics.jsonl");
  EXPECT_TRUE(has(report_page({read_run(config_.out)}), "metrics.jsonl cannot be read"));
  expect_error([&] { read_run(folder_.file("none")); }, "no such folder", folder_.file("none"));
  expect_error([&] { read_run(folder_.path()); }, "holds no run", folder_.path());
}

TEST_F(ReportTest, ManyClassesTakeAPicture) {
  RunReport run = whole();
  Examination& x = *run.examination;
  x.names.assign(40, "a class");
  x.classes.assign(40, {40, 40, 1});
  x.matrix.assign(40 * 40, 1);
  EXPECT_TRUE(has(report_page({run}), "class=\"heat\""));
  x.matrix.clear();
  EXPECT_FALSE(has(report_page({run}), "class=\"heat\""));
}

TEST(Chart, DrawsPointsWithinTheAxes) {
  const Chart chart{"step", " %", 0, 10, 0, 100, false, {{"a<", "red", {0, 10}, {0, 200}}, {"one", "blue", {5}, {50}}}};
  const std::string svg = chart_svg(chart, 468, 256);  // 400 x 200 within the axes
  EXPECT_TRUE(has(svg, "data-name=\"a&lt;\" data-x=\"0 10\" data-y=\"0 200\""));
  EXPECT_TRUE(has(svg, "d=\"M54.0 212.0L454.0 12.0\""));
  EXPECT_TRUE(has(svg, "<circle cx=\"254.0\" cy=\"112.0\""));
  EXPECT_EQ(count(svg, "<circle"), 1u);
}

TEST(Chart, ThinningKeepsTheLastPoint) {
  ChartSeries s{"", "", {}, {}};
  for (int i = 0; i < 1001; ++i) {
    s.x.push_back(i);
    s.y.push_back(-i);
  }
  const ChartSeries few = thinned(s, 100);
  EXPECT_LE(few.x.size(), 101u);
  EXPECT_GE(few.x.size(), 90u);
  EXPECT_EQ(few.x.back(), 1000);
  EXPECT_EQ(few.y.back(), -1000);
  EXPECT_EQ(thinned(s, 2000).x.size(), 1001u);
  EXPECT_TRUE(thinned({}, 10).x.empty());
}

TEST(Canvas, PixelsBecomeAPng) {
  const uint8_t grey[] = {0, 255, 128, 7, 9, 200}, rgb[] = {255, 0, 0, 0, 0, 255};
  for (const std::string& png : {png_of(grey, 2, 3, 1), png_of(rgb, 1, 2, 3)}) EXPECT_EQ(png.substr(1, 3), "PNG");
  EXPECT_EQ(png_of(grey, 2, 3, 1)[19], 3);  // width
  EXPECT_EQ(png_of(grey, 2, 3, 1)[23], 2);  // height
}

}  // namespace
}  // namespace intrain
