#include "exchange/import/module_order.h"

#include <gtest/gtest.h>

namespace intrain {
namespace {

using Names = std::vector<std::string>;

void expect_order(const Names& names, const Names& given = {}) {
  const ModuleOrder order(given);
  for (size_t i = 0; i < names.size(); ++i)
    for (size_t j = 0; j < names.size(); ++j) EXPECT_EQ(order.before(names[i], names[j]), i < j) << names[i] << ", " << names[j];
}
void expect_unknown(const Names& names, const Names& given = {}) {
  const ModuleOrder order(given);
  for (const std::string& a : names)
    for (const std::string& b : names) EXPECT_FALSE(order.before(a, b)) << a << ", " << b;
}

TEST(ModuleOrder, NumbersAndPlacesTell) {
  expect_order({"conv1", "layer1.0.conv1", "layer1.0.conv2", "layer1.1.conv1", "layer2.0.conv1", "layer10.0.conv1", "fc"});
  expect_order({"0.0", "0.2", "1.0", "10.0"});
  expect_order({"model.conv1", "model.conv2_x.0", "model.conv3_x.0"});
  expect_order({"conv1_1", "conv1_2", "conv2_1"});
  expect_order({"conv2d", "conv2d_1", "conv2d_2", "conv2d_10"});
  expect_order({"conv", "conv2", "conv3"});
  expect_order({"Mixed_5b.conv", "Mixed_5c.conv", "Mixed_6a.conv"});
  expect_order({"embedder.embedder.convolution", "encoder.stages.0.layers.0.layer.0.convolution",
                "encoder.stages.1.layers.0.layer.0.convolution"});
  expect_order({"stem.0", "blocks.0.0", "conv_head"});
  expect_order({"features.0", "classifier.0", "classifier.3"});
  expect_order({"fc1", "fc2", "head"});
  expect_order({"bn1", "layer1.0.bn1", "layer4.1.bn2"});
}

TEST(ModuleOrder, OtherWordsDoNot) {
  expect_unknown({"first", "second", "third", "fourth"});
  expect_unknown({"conv_dw", "conv_pw", "conv_pwl"});
  expect_unknown({"conv2.0", "layer1.0"});  // a second stem, or what follows the stages
  expect_unknown({"bn2", "layers.0"});
  expect_unknown({"conv", "conv1"});
  expect_unknown({"conv1", "conv1b"});
  expect_unknown({"conv_a", "conv_b"});
  expect_unknown({"entry.0", "middle.0", "exit.0"});
  expect_unknown({"layer2.0.downsample.0", "layer2.0.conv1"});
  expect_unknown({"fc", "linear"});
  expect_unknown({"a", "a.b"});
  expect_unknown({"", ".", ".."});
}

TEST(ModuleOrder, TheOrderGivenDoes) {
  expect_order({"net.first.0", "net.second.0", "net.third.0"}, {"first", "second", "third"});
  expect_order({"net.first.0", "net.second.0", "net.third.0"}, {"net.first", "net.second", "net.third"});
  // Also against the numbers, and within every block.
  expect_order({"conv2", "conv1"}, {"conv2", "conv1"});
  expect_order({"block1.b", "block1.a", "block2.b", "block2.a"}, {"b", "a"});
  expect_unknown({"x", "y"}, {"x"});
  EXPECT_EQ(ModuleOrder({"b", "net.a", "0", "c", "net.b"}).unknown({"net.a.0", "net.b.1"}), Names{"c"});
}

TEST(ModuleOrder, WordsOfModules) {
  for (const char* name : {"layer2.0.downsample.0", "layer1.shortcut", "x.conv_shortcut", "skip.0", "skip2"})
    EXPECT_TRUE(is_shortcut(name)) << name;
  for (const char* name : {"layer2.0.conv1", "skipper", "short", ""}) EXPECT_FALSE(is_shortcut(name)) << name;
  for (const char* name : {"fc", "fc2", "module.linear", "classifier.1", "heads.head", "head.bn", "last_linear", "output"})
    EXPECT_TRUE(is_head(name)) << name;
  for (const char* name : {"conv_head", "features.18.0", "header", "layer1.0.conv1"}) EXPECT_FALSE(is_head(name)) << name;
  EXPECT_EQ(norm_key("a.bn_dw"), norm_key("a.conv_dw"));
  EXPECT_EQ(norm_key("normalization1"), norm_key("convolution1"));
  EXPECT_NE(norm_key("bn1"), norm_key("conv2"));
  EXPECT_EQ(norm_key("downsample"), "");
}

TEST(ModuleOrder, NaturalOrder) {
  EXPECT_TRUE(natural_less("conv2", "conv10"));
  EXPECT_FALSE(natural_less("conv10", "conv2"));
  EXPECT_TRUE(natural_less("a1b2", "a1b10"));
  EXPECT_TRUE(natural_less("a", "a1"));
  EXPECT_NE(natural_less("a01", "a1"), natural_less("a1", "a01"));
  EXPECT_FALSE(natural_less("a1", "a1"));
}

}  // namespace
}  // namespace intrain
