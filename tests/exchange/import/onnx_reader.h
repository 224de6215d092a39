// A small net as an ONNX model written in one way or another, read, and held to the usual way.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "exchange/import/float_net.h"
#include "support/small_onnx.h"

namespace intrain::test {

class OnnxReader : public testing::Test {
 protected:
  std::vector<FloatLayer> read(const OnnxBuilder& model, bool new_head = false) {
    model.write(path_);
    return read_onnx_net(path_, net_.steps, new_head);
  }
  // Reads the net, and compares each number with the usual way; `tolerance`: of one that is computed.
  void same(const SmallOnnx& written, double tolerance = 0) {
    SCOPED_TRACE(testing::UnitTest::GetInstance()->current_test_info()->name());
    const std::vector<FloatLayer> found = read(written.build());
    ASSERT_EQ(found.size(), usual_.size());
    for (size_t i = 0; i < found.size(); ++i) {
      near(found[i].weight, usual_[i].weight, tolerance);
      near(found[i].gamma, usual_[i].gamma, tolerance);
      near(found[i].beta, usual_[i].beta, tolerance);
      near(found[i].mean, usual_[i].mean, tolerance);
      near(found[i].variance, usual_[i].variance, tolerance);
      EXPECT_EQ(found[i].folded, usual_[i].folded);
      if (net_.steps.back().out == nullptr && i + 1 == found.size()) near(found[i].bias, usual_[i].bias, tolerance);
    }
  }
  void refused(const SmallOnnx& written, const std::string& what) {
    expect_error([&] { read(written.build()); }, what, path_);
  }
  template <class List>
  static void near(const List& a, const List& b, double tolerance) {
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance) << i;
  }

  const TempFolder folder_;
  const std::string path_ = folder_.file("net.onnx");
  const SmallSteps net_;
  SmallOnnx net;
  const std::vector<FloatLayer> usual_ = read(SmallOnnx().build());
};

}  // namespace intrain::test
