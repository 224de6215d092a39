// The exact form, run by an interpreter of its few operators that holds every number to its tensor's type, against Net::evaluate. What a
// runtime makes of it is tests/exchange/export/onnx_test.py's.
#include "exchange/export/exact.h"

#include <gtest/gtest.h>
#include <onnx/checker.h>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "exchange/export/divide_round.h"
#include "exchange/export/export.h"
#include "exchange/export/onnx_interpreter.h"
#include "models/models.h"
#include "support/nets.h"

namespace intrain::test {
namespace {

constexpr int kImages = 8;

OnnxInfo info_of(const Normalization& norm) {
  return {"a net", {"first", "second"}, {norm.table[0], norm.table[0] + 256}, "1.2.3"};
}

// The net's logits and those of its model for images that it was not trained on.
void expect_equal(ReadyNet& ready, const char* what) {
  const DataSplits data = make_synthetic(256, 1);
  const Normalization norm = make_normalization(data.train);
  Batch batch{kImages, {}, {}};
  Tensor images{onnx::TensorProto::UINT8, {kImages, 1, 12, 12}, {}};  // of one channel: the order of the data set is ONNX's
  for (int i = 0; i < kImages * 144; ++i) {
    const uint8_t pixel = data.test.images[static_cast<size_t>(i)];
    images.values.push_back(pixel);
    batch.images.push_back(norm.table[0][pixel]);
  }
  ready.net.evaluate(batch);
  const std::vector<int32_t> ours = logits_of(ready.net, kImages);
  const std::string file = onnx_model(ready.net, info_of(norm), OnnxForm::kExact);
  const Tensor logits = Interpreter(file).run(OnnxSink::kImages, images, OnnxSink::kLogits);
  EXPECT_EQ(logits.type, onnx::TensorProto::INT32) << what;
  EXPECT_EQ(logits.shape, (Shape{kImages, 10})) << what;
  EXPECT_EQ(logits.values, (std::vector<int64_t>{ours.begin(), ours.end()})) << what;
  EXPECT_NE(*std::max_element(ours.begin(), ours.end()), *std::min_element(ours.begin(), ours.end())) << what;
}

struct Trained : ReadyNet {
  explicit Trained(Net n, const Widths& widths = {}) : ReadyNet(with(std::move(n), widths), 32) {
    for (uint32_t step = 0; step < 4; ++step) train(synthetic_batch(32, 32 * static_cast<int>(step)), 64, step);
  }
  static Net with(Net n, const Widths& widths) {
    n.set_widths(widths);
    return n;
  }
};

Parameter& parameter(Net& net, const std::string& name) {
  for (Parameter* p : net.parameters())
    if (p->name == name) return *p;
  ADD_FAILURE() << name;
  return *net.parameters()[0];
}

TEST(ExactExport, DividesByTwoTruncationsAsRoundingDoes) {
  for (int64_t d = 1; d <= 40; ++d)
    for (int64_t low : {-300, -41, -1, 0, 7}) {
      const DivideRound r = divide_round(low, 300, d);
      for (int64_t v = low; v <= 300; ++v) {
        EXPECT_LE(0, v + r.first);
        EXPECT_LE(v + r.second, r.most);
        EXPECT_EQ((v + r.first) / r.divisor + (v + r.second) / r.divisor - r.excess, div_round(v, d)) << v << " / " << d;
      }
    }
  for (int s = 0; s <= 31; ++s) {
    constexpr int64_t kMost = int64_t{1} << 33;
    const DivideRound r = divide_round(-kMost, kMost, int64_t{1} << s);
    Rng rng(static_cast<uint64_t>(s));
    for (int i = 0; i < 2000; ++i) {
      // Half of them at ties.
      int64_t v = rng.range(-kMost, kMost);
      if (s > 0 && i % 2 == 0) v = clamp((v >> s << s) + (int64_t{1} << (s - 1)), -kMost, kMost);
      EXPECT_EQ((v + r.first) / r.divisor + (v + r.second) / r.divisor - r.excess, rshift_round(v, s)) << v << " >> " << s;
    }
  }
}

Net averaging() { return cifar_resnet(8, 12, 12, 1, 10); }  // over 9 pixels: no power of two

TEST(ExactExport, LogitsAreThoseOfEvaluation) {
  for (const auto make : {one_of_each, inverted_residuals, one_of_each_stream, averaging, padded_shortcuts, biases}) {
    Trained ready(make());
    expect_equal(ready, "as it is");
  }
}

TEST(ExactExport, LogitsOfNarrowNetsAreThoseOfEvaluation) {
  Widths wide_x{.w = 5, .a = 6}, eight{.x_hat = 8},
      narrow{.w = 3, .a = 3, .x_hat = 2, .gamma = 4, .beta = 4, .mu = 6, .sigma = 5};
  for (const Widths& widths : {wide_x, eight, narrow})
    for (const auto make : {one_of_each, inverted_residuals, one_of_each_stream, padded_shortcuts, biases}) {
      Trained ready(make(), widths);
      expect_equal(ready, "narrow");
    }
}

// Sums of 2^31 and more, and their clamp.
TEST(ExactExport, LogitsSaturateAsEvaluationDoes) {
  Trained ready(one_of_each());
  Parameter& weight = parameter(ready.net, "linear10.weight");
  Parameter& bias = parameter(ready.net, "linear10.bias");
  Rng rng(5);
  for (int32_t& w : weight.master) w = static_cast<int32_t>(rng.range(-127, 127));
  for (size_t i = 0; i < bias.master.size(); ++i) bias.master[i] = i % 3 == 0 ? INT32_MAX : i % 3 == 1 ? -INT32_MAX : 5;
  ready.net.quantize_parameters();
  expect_equal(ready, "saturated");
}

// The largest weights there are: a hidden layer's sums are coarser than its codes.
TEST(ExactExport, HiddenLayersShiftEitherWay) {
  Trained ready(one_of_each());
  Parameter& weight = parameter(ready.net, "linear9.weight");
  Rng rng(6);
  for (int32_t& w : weight.master) w = static_cast<int32_t>(rng.range(-INT32_MAX, INT32_MAX));
  // Few inputs, so that not all outputs saturate.
  for (size_t i = 0; i < weight.master.size(); ++i)
    if (i % 97 != 0) weight.master[i] = 0;
  weight.master[0] = INT32_MAX;
  ready.net.quantize_parameters();
  expect_equal(ready, "large weights");
}

TEST(Export, ModelsAreValidAndSayWhatTheyAre) {
  const Normalization norm = make_normalization(make_synthetic(16, 1).train);
  for (const auto make : {one_of_each, inverted_residuals, one_of_each_stream, padded_shortcuts, biases})
    for (const OnnxForm form : {OnnxForm::kExact, OnnxForm::kQdq}) {
      Trained ready(make());
      onnx::ModelProto model;
      ASSERT_TRUE(model.ParseFromString(onnx_model(ready.net, info_of(norm), form)));
      EXPECT_NO_THROW(onnx::checker::check_model(model));
      EXPECT_EQ(model.producer_name(), "intrain");
      EXPECT_EQ(model.producer_version(), "1.2.3");
      std::map<std::string, std::string> metadata;
      for (const auto& entry : model.metadata_props()) metadata[entry.key()] = entry.value();
      EXPECT_EQ(metadata["model"], "a net");
      EXPECT_EQ(metadata["classes"], R"(["first","second"])");
      EXPECT_EQ(metadata["form"], form == OnnxForm::kExact ? "exact" : "qdq");
      EXPECT_EQ(metadata.count("logits_exp"), form == OnnxForm::kExact ? 1u : 0u);
      if (form == OnnxForm::kQdq) continue;
      ready.net.evaluate(synthetic_batch(1));
      EXPECT_EQ(metadata["logits_exp"], std::to_string(ready.net.logits_exp()));
    }
}

TEST(Export, RefusesANormalizationOfOtherImages) {
  Trained ready(one_of_each());
  OnnxInfo info = info_of(make_normalization(make_synthetic(16, 1).train));
  info.normalization.pop_back();
  for (const OnnxForm form : {OnnxForm::kExact, OnnxForm::kQdq}) EXPECT_THROW(onnx_model(ready.net, info, form), Error);
}

TEST(Export, RefusesNarrowXHatWhereItsRoundingIsLeftOut) {
  const Normalization norm = make_normalization(make_synthetic(16, 1).train);
  Trained ready(one_of_each(), {.x_hat = 7});
  EXPECT_THROW(onnx_model(ready.net, info_of(norm), OnnxForm::kQdq), Error);
}

}  // namespace
}  // namespace intrain::test
