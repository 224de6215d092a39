#include "train/tensor_counts.h"

#include <gtest/gtest.h>

#include <fstream>

#include "analysis/exponent_tracks.h"
#include "base/rounding.h"
#include "report/draw/exponents_picture.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::TempFolder;

TEST(Numbers, AreCountedByHand) {
  NumbersSink sink({});
  const int8_t w[] = {0, 127, -127, 5};
  const uint8_t a[] = {0, 0, 255};
  const int16_t e[] = {32767, 1};
  sink.tensor("conv0", TensorKind::kW, w, 4, -9);
  sink.tensor("conv0", TensorKind::kA, a, 3, -5);
  sink.tensor("conv1", TensorKind::kE1, e, 2, -20);
  ASSERT_EQ(sink.layers().size(), 2u);
  const TensorNumbers &weights = sink.layers()[0].tensor[0], &outputs = sink.layers()[0].tensor[1];
  EXPECT_EQ(weights.count, 4);
  EXPECT_EQ(weights.zeros, 1);
  EXPECT_EQ(weights.saturated, 2);
  EXPECT_EQ(weights.exp, -9);
  EXPECT_EQ(outputs.zeros, 2);
  EXPECT_EQ(outputs.saturated, 1);
  EXPECT_EQ(sink.layers()[1].tensor[3].saturated, 1);
  EXPECT_EQ(sink.layers()[1].tensor[2].count, 0);
  sink.clear();
  EXPECT_EQ(sink.layers()[0].tensor[0].count, 0);
  EXPECT_EQ(sink.layers().size(), 2u);
}

// A of a linear bottleneck is s8: its ends are those of s8.
TEST(Numbers, LinearActivationsEndAtBothEnds) {
  Widths widths;
  widths.a = 4;
  NumbersSink sink(widths);
  const int8_t a[] = {7 << 4, -7 * 16, 0, 6 << 4};
  sink.tensor("conv0", TensorKind::kA, a, 4, -4);
  EXPECT_EQ(sink.layers()[0].tensor[1].saturated, 2);
}

// Longer than a block, and not a multiple of one.
TEST(Numbers, LongTensorsAddUp) {
  std::vector<int8_t> data(10001);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<int8_t>(i % 3 == 0 ? 0 : i % 3 == 1 ? -127 : 1);
  NumbersSink sink({});
  sink.tensor("x", TensorKind::kE2, data.data(), static_cast<int64_t>(data.size()), 0);
  EXPECT_EQ(sink.layers()[0].tensor[4].zeros, 3334);
  EXPECT_EQ(sink.layers()[0].tensor[4].saturated, 3334);
}

// The end of a narrower format is where its quantizer clamps.
TEST(Numbers, NarrowFormatsEndEarlier) {
  Widths widths;
  widths.w = 4;
  widths.a = 3;
  widths.e1 = 8;
  EXPECT_EQ(format_limit(TensorKind::kW, widths), 7 << 4);
  EXPECT_EQ(format_limit(TensorKind::kA, widths), 7 << 5);
  EXPECT_EQ(format_limit(TensorKind::kA, widths, true), 3 << 5);
  EXPECT_EQ(format_limit(TensorKind::kE1, widths), 127 << 8);
  EXPECT_EQ(format_limit(TensorKind::kE2, widths), 127);
  EXPECT_EQ(format_limit(TensorKind::kG, widths), 127);
  widths.e2 = 12;
  EXPECT_EQ(format_limit(TensorKind::kE2, widths), 2047);
  widths.e2 = 16;
  EXPECT_EQ(format_limit(TensorKind::kE2, widths), 127 * 256 + 127);
  widths.e2 = 8;
  widths.flag_e2 = true;
  EXPECT_EQ(format_limit(TensorKind::kE2, widths), 127 << 7);
}

// 200 takes a shift of 1 into 8 bits: 100.5 and 0.5 to nearest, ties to even.
TEST(Numbers, ShowGAsTheOptimizerTakesIt) {
  Parameter p;
  std::vector<int64_t> grad = {0, 100, -200, 1, 201};
  p.name = "conv3.weight";
  p.shape = {5, 1};
  p.grad = grad;
  p.grad_exp = -20;
  SgdStep step{};
  NumbersSink sink({});
  show_gradient(p, step, sink);
  ASSERT_EQ(sink.layers().size(), 1u);
  EXPECT_EQ(sink.layers()[0].layer, "conv3");
  const TensorNumbers& g = sink.layers()[0].tensor[5];
  EXPECT_EQ(g.count, 5);
  EXPECT_EQ(g.zeros, 2);
  EXPECT_EQ(g.saturated, 0);
  EXPECT_EQ(g.exp, -19);
  // Constant quantization to +-1 of the unit 2^-(16 + 1), for the largest of 2^8: 100 / 2^7 = 0.78, 1 / 2^7 = 0.
  sink.clear();
  step.range_log2 = 1;
  sink.set_gradient_bits(2);
  show_gradient(p, step, sink);
  EXPECT_EQ(g.count, 5);
  EXPECT_EQ(g.zeros, 2);
  EXPECT_EQ(g.saturated, 3);
  EXPECT_EQ(g.exp, -17);
  p.name = "conv3.beta";
  p.shape = {5};
  show_gradient(p, step, sink);
  EXPECT_EQ(g.count, 5);
}

// Longer than a block.
TEST(Numbers, CountAllOfALongG) {
  Parameter p;
  std::vector<int64_t> grad(10001, 127);
  p.name = "conv0.weight";
  p.shape = {10001, 1};
  p.grad = grad;
  NumbersSink sink({});
  show_gradient(p, {}, sink);
  EXPECT_EQ(sink.layers()[0].tensor[5].saturated, 10001);
  std::vector<int32_t> narrow(10001, -127);
  p.grad = {};
  p.grad32 = narrow;
  show_gradient(p, {}, sink);
  EXPECT_EQ(sink.layers()[0].tensor[5].saturated, 20002);
}

TEST(Exponents, AreReadFromTheMetricsAndDrawn) {
  const TempFolder folder;
  const std::string path = folder.file("metrics.jsonl");
  std::ofstream(path)
      << R"({"type": "step", "step": 1, "loss": 2})"
      << "\n"
      << R"({"type": "numbers", "step": 1, "stored_saturated": 0, "layers": {"conv0": {"W": [-9, 0, 0], "A": [-5, 0, 0]}}})"
      << "\n"
      << R"({"type": "numbers", "step": 101, "stored_saturated": 0, "layers": {"conv0": {"W": [-8, 0, 0]}}})"
      << "\n"
      << R"({"type": "numbers", "st)";
  const std::vector<ExponentTrack> tracks = read_exponents(path);
  ASSERT_EQ(tracks.size(), 1u);
  EXPECT_EQ(tracks[0].layer, "conv0");
  EXPECT_EQ(tracks[0].tensor, "W");
  EXPECT_EQ(tracks[0].steps, (std::vector<double>{1, 101}));
  EXPECT_EQ(tracks[0].exps, (std::vector<double>{-9, -8}));
  draw_exponents("by hand", tracks, folder.file("exponents.png"));
  EXPECT_TRUE(std::filesystem::file_size(folder.file("exponents.png")) > 1000);
  EXPECT_TRUE(read_exponents(folder.file("none")).empty());
}

}  // namespace
}  // namespace intrain
