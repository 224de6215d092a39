// Which modules of a file become which layers, by their names and shapes: what is sure is taken, what is not is refused.
#include <gtest/gtest.h>

#include "exchange/import/float_net.h"
#include "models/models.h"
#include "models/net_file.h"
#include "support/float_files.h"
#include "support/nets.h"

namespace intrain::test {
namespace {

using Names = std::vector<std::string>;

struct Subject {
  ReadyNet ready;
  std::vector<NetStep> steps;
  explicit Subject(Net net) : ready(std::move(net), 1), steps(net_steps(ready.net, "a net")) {}
};

Net chain(int convolutions) {
  std::string text;
  for (int i = 0; i < convolutions; ++i) text += "[[layer]]\ntype = 'conv'\nchannels = 6\nsize = 3\npad = 1\n";
  return build_net(text + "[[layer]]\ntype = 'average_pool'\n", "net.toml", 8, 8, 6, 3);
}

// Modules: one a layer that learns, as "conv norm" or "fc".
class SafetensorsNames : public testing::Test {
 protected:
  Names sources(const Subject& to, const FloatTensors& tensors, const SafetensorsOptions& options = {}) {
    write_tensors(path_, tensors);
    Names list;
    for (const FloatLayer& layer : read_safetensors_net(path_, to.steps, options)) list.push_back(layer.source);
    return list;
  }
  void expect_taken(const Subject& to, const Names& modules, const SafetensorsOptions& options = {}) {
    Names expected;
    for (std::string name : modules) {
      if (const size_t space = name.find(' '); space != name.npos) name.replace(space, 1, ", ");
      expected.push_back(name);
    }
    EXPECT_EQ(sources(to, named(to.steps, modules), options), expected);
  }
  void expect_refused(const Subject& to, const Names& modules, const std::string& what, const SafetensorsOptions& options = {}) {
    expect_error([&] { sources(to, named(to.steps, modules), options); }, what, path_);
  }

  const TempFolder folder_;
  const std::string path_ = folder_.file("net.safetensors");
};

TEST_F(SafetensorsNames, WordsThatTellNoOrderAreRefusedWhereShapesDoNotEither) {
  const Subject to(chain(4));
  const Names words = {"first.0 first.1", "second.0 second.1", "third.0 third.1", "fourth.0 fourth.1", "head"};
  expect_refused(to, words, "'first.0' and 'fourth.0' could both be layer conv0: they have one shape, and cannot be sorted");
  expect_taken(to, words, {.order = {"first", "second", "third", "fourth"}});
  expect_refused(to, words, "'first.0' and 'fourth.0' could both", {.order = {"first", "second"}});
  expect_error(
      [&] {
        sources(to, named(to.steps, words), {.order = {"first", "fifth"}});
      },
      path_ + " is called 'fifth'", "order");
  expect_refused(to, {"a.x a.y", "b.x b.y", "c.x c.y", "d.x d.y", "e"}, "'a.x' and 'b.x' could both be layer conv0");
  // The same within a block, and between batch norms alone.
  expect_refused(to, {"block1.up block1.n", "block1.down block1.m", "block2.up block2.n", "block2.down block2.m", "fc"},
                 "'block1.down' and 'block1.up' could both");
  expect_refused(to, {"conv1 norm_up", "conv2 norm_down", "conv3 norm_in", "conv4 norm_out", "fc"},
                 "'norm_down' and 'norm_in' could both be layer conv0");
  expect_taken(to, {"conv1 norm_up", "conv2 norm_down", "conv3 norm_in", "conv4 norm_out", "fc"},
               {.order = {"norm_up", "norm_down", "norm_in", "norm_out"}});
  expect_taken(to, {"l1.0 l1.1", "l2.0 l2.1", "l3.0 l3.1", "l4.0 l4.1", "head"});
  expect_taken(to, {"conv bn", "conv_1 bn_1", "conv_2 bn_2", "conv_10 bn_10", "dense"});
}

TEST_F(SafetensorsNames, ShapesTellTheOrderToo) {
  const Subject to(
      build_net("[[layer]]\ntype = 'conv'\nchannels = 4\nsize = 3\n[[layer]]\ntype = 'conv'\nchannels = 8\nsize = 3\n"
                "[[layer]]\ntype = 'conv'\nchannels = 4\nsize = 1\n[[layer]]\ntype = 'average_pool'\n",
                "net.toml", 8, 8, 3, 3));
  // Each convolution has one shape; the two norms of 4 channels stand beside them.
  expect_taken(to, {"zeta.conv zeta.norm", "mid.conv mid.norm", "alpha.conv alpha.norm", "out"});
  expect_taken(to, {"conv_z bn_z", "conv_m bn_m", "conv_a bn_a", "out"});
  expect_refused(to, {"conv_z n_z", "conv_m n_m", "conv_a n_a", "out"}, "'n_a' and 'n_z' could both be layer conv0");
}

// As the libraries name them, of which some say no order but in shapes.
TEST_F(SafetensorsNames, KnownFamiliesAreTaken) {
  const Subject resnet(build_model("resnet8", 12, 12, 1, 10));
  const auto resnet8 = [](const std::string& at, const std::string& shortcut, const std::string& fc) {
    Names names = {at + "conv1 " + at + "bn1"};
    for (int stage = 1; stage <= 3; ++stage) {
      const std::string block = at + "layer" + std::to_string(stage) + ".0.";
      if (stage > 1) names.push_back(block + shortcut + ".0 " + block + shortcut + ".1");
      for (const char* i : {"1", "2"}) names.push_back(block + "conv" + i + " " + block + "bn" + i);
    }
    names.push_back(at + fc);
    return names;
  };
  expect_taken(resnet, resnet8("", "downsample", "fc"));
  expect_taken(resnet, resnet8("module.", "shortcut", "linear"));
  expect_taken(resnet, resnet8("_orig_mod.module.", "skip", "classifier"));
  Names hub = {"resnet.embedder.embedder.convolution resnet.embedder.embedder.normalization"};
  for (const char* stage : {"0", "1", "2"}) {
    const std::string block = std::string("resnet.encoder.stages.") + stage + ".layers.0.";
    if (*stage != '0') hub.push_back(block + "shortcut.convolution " + block + "shortcut.normalization");
    for (const char* i : {"0", "1"})
      hub.push_back(block + "layer." + i + ".convolution " + block + "layer." + i + ".normalization");
  }
  hub.push_back("classifier.1");
  expect_taken(resnet, hub);

  const Subject bottlenecks(
      build_net("[[layer]]\ntype = 'conv'\nchannels = 16\nsize = 3\npad = 1\n[[layer]]\ntype = 'bottleneck'\nchannels = 16\n"
                "repeat = 2\n[[layer]]\ntype = 'bottleneck'\nchannels = 32\nstride = 2\n[[layer]]\ntype = 'average_pool'\n",
                "net.toml", 8, 8, 3, 3));
  Names names = {"conv1 bn1"};
  for (const char* at : {"layer1.0.", "layer1.1.", "layer2.0."}) {
    const std::string block = at;
    if (block.ends_with("0.")) names.push_back(block + "downsample.0 " + block + "downsample.1");
    for (const char* k : {"1", "2", "3"}) names.push_back(block + "conv" + k + " " + block + "bn" + k);
  }
  names.push_back("fc");
  expect_taken(bottlenecks, names);

  // timm's MobileNetV2: what is called dw comes after pw and before pwl, and bn2 of the whole last.
  const Subject mobile(build_model("mobilenet_v2", 32, 32, 3, 10));
  names = {"conv_stem bn1"};
  const int stages[] = {1, 2, 3, 4, 3, 3, 1};
  for (int stage = 0; stage < 7; ++stage)
    for (int i = 0; i < stages[stage]; ++i) {
      const std::string block = "blocks." + std::to_string(stage) + "." + std::to_string(i) + ".";
      const Names convs = stage == 0 ? Names{"conv_dw", "conv_pw"} : Names{"conv_pw", "conv_dw", "conv_pwl"};
      for (size_t k = 0; k < convs.size(); ++k) names.push_back(block + convs[k] + " " + block + "bn" + std::to_string(k + 1));
    }
  names.insert(names.end(), {"conv_head bn2", "classifier"});
  expect_taken(mobile, names);
}

TEST_F(SafetensorsNames, ANewHeadReplacesAnyOrNone) {
  const Subject to(chain(2));
  const Names modules = {"conv1 bn1", "conv2 bn2", "fc"};
  const FloatTensors whole = named(to.steps, modules);
  FloatTensors none = whole;
  none.erase("fc.weight");
  none.erase("fc.bias");
  const SafetensorsOptions fresh{.new_head = true};
  EXPECT_EQ(sources(to, none, fresh), (Names{"conv1, bn1", "conv2, bn2", "new"}));
  EXPECT_EQ(sources(to, whole, fresh).back(), "new, instead of fc");
  EXPECT_EQ(sources(to, named(to.steps, {"conv1 bn1", "conv2 bn2", "a_name"}), fresh).back(), "new, instead of a_name");
  expect_error([&] { sources(to, none); }, "the net has 1 linear layers, the file 0", path_);

  const auto floats = [](std::vector<int64_t> shape) {
    int64_t n = 1;
    for (const int64_t s : shape) n *= s;
    return FloatTensor{std::move(shape), std::vector<float>(static_cast<size_t>(n))};
  };
  // Of several layers, some of which no net of ours has.
  FloatTensors other = none;
  for (const char* leaf : {"weight", "bias", "running_mean", "running_var"}) other[std::string("head.0.") + leaf] = floats({6});
  other["head.1.weight"] = floats({20, 6});
  other["head.1.bias"] = floats({20});
  other["head.3.weight"] = floats({1000, 20});
  other["head.conv.weight"] = floats({8, 6, 1});
  other["head.scale.alpha"] = floats({1});
  EXPECT_EQ(sources(to, other, fresh).back(), "new, instead of head.0, head.1, head.3, head.conv, head.scale");
  expect_error([&] { sources(to, other); }, "'head.conv.weight' of shape [8, 6, 1]", path_);

  // What follows all that was taken is one too; what may not is not.
  FloatTensors sequential = named(to.steps, {"0 1", "3 4", "8"});
  sequential["9.weight"] = floats({5, 3});
  EXPECT_EQ(sources(to, sequential, fresh), (Names{"0, 1", "3, 4", "new, instead of 8, 9"}));
  FloatTensors extra = whole;
  extra["aux.weight"] = floats({6, 6, 3, 3});
  expect_error([&] { sources(to, extra, fresh); }, "could both be layer conv", path_);
  extra["aux.weight"] = floats({9, 6, 1, 1});
  expect_error([&] { sources(to, extra, fresh); }, "'aux.weight' belongs to no layer", path_);
  for (int i = 0; i < 200; ++i) extra["head." + std::to_string(i) + ".weight"] = floats({1, 1, 1, 1});
  expect_error([&] { sources(to, extra, fresh); }, "the net has 2 convolutions, the file 203", path_);
}

TEST_F(SafetensorsNames, APrefixChoosesAmongNets) {
  const Subject to(chain(2));
  FloatTensors both = named(to.steps, {"model.conv1 model.bn1", "model.conv2 model.bn2", "model.fc"});
  for (const auto& [name, t] : named(to.steps, {"ema.conv1 ema.bn1", "ema.conv2 ema.bn2", "ema.fc"})) both[name] = t;
  both["step"] = {{1}, {7}};
  const Names expected = {"conv1, bn1", "conv2, bn2", "fc"};
  for (const char* prefix : {"ema", "ema.", "model"}) EXPECT_EQ(sources(to, both, {.prefix = prefix}), expected);
  expect_error([&] { sources(to, both); }, "'step' belongs to no module", path_);
  both.erase("step");
  expect_error([&] { sources(to, both); }, "the net has 2 convolutions, the file 4", path_);
  expect_error([&] { sources(to, both, {.prefix = "em"}); }, "no tensor's name begins with 'em.'", path_);
  expect_error([&] { sources(to, {}); }, "the net has 2 convolutions, the file 0", path_);
}

}  // namespace
}  // namespace intrain::test
