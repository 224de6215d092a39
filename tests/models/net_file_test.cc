#include "models/net_file.h"

#include <gtest/gtest.h>

#include "models/models.h"
#include "nn/builder.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::expect_error;
using test::TempFolder;

Net build(const std::string& text) { return build_net(text, "my.toml", 32, 32, 3, 10); }

std::string layer(const std::string& members) { return "[[layer]]\n" + members + "\n"; }

const std::string kStem = layer("type='conv'\nname='stem'\nchannels=16\nsize=3\npad=1");

// Names, shapes and shortcuts, as far as a net shows them.
void expect_same(const Net& a, const Net& b) {
  ASSERT_EQ(a.layers().size(), b.layers().size());
  ASSERT_EQ(a.parameters().size(), b.parameters().size());
  for (size_t i = 0; i < a.parameters().size(); ++i) {
    EXPECT_EQ(a.parameters()[i]->name, b.parameters()[i]->name);
    EXPECT_EQ(a.parameters()[i]->count(), b.parameters()[i]->count());
  }
}

TEST(NetFile, SaysWhatTheModelsAre) {
  const std::string resnet8 = kStem + layer("type='basic'\nchannels=16") + layer("type='basic'\nchannels=32\nstride=2") +
                              layer("type='basic'\nchannels=64\nstride=2") + layer("type='average_pool'");
  expect_same(build(resnet8), build_model("resnet8", 32, 32, 3, 10));
  const std::string resnet20 = kStem + layer("type='basic'\nchannels=16\nrepeat=3") +
                               layer("type='basic'\nchannels=32\nstride=2\nrepeat=3") +
                               layer("type='basic'\nchannels=64\nstride=2\nrepeat=3") + layer("type='average_pool'");
  expect_same(build(resnet20), build_model("resnet20", 32, 32, 3, 10));
  const std::string resnet50 =
      layer("type='conv'\nchannels=64\nsize=7\nstride=2\npad=3") + layer("type='max_pool'\nsize=3\nstride=2\npad=1") +
      layer("type='bottleneck'\nchannels=64\nrepeat=3") + layer("type='bottleneck'\nchannels=128\nstride=2\nrepeat=4") +
      layer("type='bottleneck'\nchannels=256\nstride=2\nrepeat=6") +
      layer("type='bottleneck'\nchannels=512\nstride=2\nrepeat=3") + layer("type='average_pool'");
  expect_same(build(resnet50), build_model("resnet50", 32, 32, 3, 10));
  const auto inverted = [](const char* members) { return layer(std::string("type='inverted_residual'\nchannels=") + members); };
  expect_same(build(layer("type='conv'\nchannels=32\nsize=3\npad=1\nactivation='relu6'") + inverted("16\nexpand=1") +
                    inverted("24\nrepeat=2") + inverted("32\nstride=2\nrepeat=3") + inverted("64\nstride=2\nrepeat=4") +
                    inverted("96\nrepeat=3") + inverted("160\nstride=2\nrepeat=3") + inverted("320") +
                    layer("type='conv'\nchannels=1280\nsize=1\nactivation='relu6'") + layer("type='average_pool'")),
              build_model("mobilenet_v2", 32, 32, 3, 10));
  expect_same(
      build(layer("type='linear'\nchannels=200") + layer("type='linear'\nchannels=100") + layer("type='linear'\nchannels=50")),
      build_model("mlp", 32, 32, 3, 10));
  std::string vgg;
  for (const char* width : {"128", "256", "512"}) {
    for (int i = 0; i < 2; ++i) vgg += layer(std::string("type='conv'\nsize=3\npad=1\nchannels=") + width);
    vgg += layer("type='max_pool'\nsize=2");
  }
  expect_same(build(vgg + layer("type='linear'\nchannels=1024")), build_model("vgg_small", 32, 32, 3, 10));
}

TEST(NetFile, ShortcutsMayHaveNoParameters) {
  const auto stage = [](const char* width, const char* stride) {
    return layer(std::string("type='basic'\nshortcut='pad'\nrepeat=3\nchannels=") + width + "\nstride=" + stride);
  };
  const std::string end = layer("type='average_pool'");
  const Net net = build(kStem + stage("16", "1") + stage("32", "2") + stage("64", "2") + end);
  expect_same(net, build_model("resnet20_a", 32, 32, 3, 10));
  expect_same(build(kStem + layer("type='basic'\nshortcut='conv'\nchannels=32\nstride=2") + end),
              build(kStem + layer("type='basic'\nchannels=32\nstride=2") + end));
  const std::string written_out = layer("type='shortcut'\nname='short'\nchannels=64\nstride=2\nbefore=24") +
                                  layer("type='conv'\ninput='stem'\nchannels=16\nsize=1") +
                                  layer("type='conv'\nchannels=16\nsize=3\nstride=2\npad=1") +
                                  layer("type='conv'\nchannels=64\nsize=1\nadd='short'");
  expect_same(build(kStem + written_out + end),
              build(kStem + layer("type='bottleneck'\nshortcut='pad'\nchannels=16\nstride=2") + end));
}

TEST(NetFile, SignalsAreImagesOfOneRow) {
  const Net net = build_net(layer("type='conv'\nchannels=8\nsize=9\nstride=2\npad=4\nheight=1\nbatch_norm=false") +
                                layer("type='conv'\nchannels=12\nsize=5\npad=2\nheight=1") + layer("type='average_pool'"),
                            "my.toml", 1, 144, 6, 5);
  NetBuilder builder(1, 144, 6, 5);
  Value* x = builder.conv_relu(builder.input(), {.k = 8, .size = 9, .stride = 2, .pad = 4, .height = 1});
  EXPECT_EQ(x->h, 1);
  EXPECT_EQ(x->w, 72);
  x = builder.conv_bn_relu(x, {.k = 12, .size = 5, .pad = 2, .height = 1});
  expect_same(net, builder.linear_logits(builder.global_average_pool(x)));
}

TEST(NetFile, WithoutBatchNormThereIsABias) {
  const std::string members = "type='conv'\nchannels=8\nsize=3\npad=1\nbatch_norm=false\n";
  EXPECT_EQ(build(layer(members)).parameters()[1]->name, "conv0.bias");
  for (const char* more : {"relu=false", "activation='relu6'", "activation='linear'"})
    expect_error([&] { build(layer(members + more)); }, "a convolution without batch norm has a bias and a ReLU", "");
  expect_error([&] { build(kStem + layer("type='conv'\nchannels=16\nsize=1\nbatch_norm=false\nadd='stem'")); }, "adds nothing",
               "");
}

TEST(NetFile, BlocksMayBeWrittenOut) {
  const std::string conv = "type='conv'\nchannels=16\nsize=3\npad=1";
  const std::string down = layer("type='conv'\nname='short'\ninput='sum'\nchannels=32\nsize=1\nstride=2\nrelu=false") +
                           layer("type='conv'\ninput='sum'\nchannels=32\nsize=3\nstride=2\npad=1") +
                           layer("type='conv'\nchannels=32\nsize=3\npad=1\nadd='short'");
  expect_same(build(kStem + layer(conv) + layer(conv + "\nadd='stem'\nname='sum'") + down + layer("type='average_pool'")),
              build(kStem + layer("type='basic'\nchannels=16") + layer("type='basic'\nchannels=32\nstride=2") +
                    layer("type='average_pool'")));
}

TEST(NetFile, InvertedResidualsMayBeWrittenOut) {
  const std::string stem = layer("type='conv'\nchannels=16\nsize=3\npad=1\nactivation='linear'\nname='stem'");
  expect_same(build(stem + layer("type='conv'\nchannels=96\nsize=1\nactivation='relu6'") +
                    layer("type='conv'\nchannels=96\nsize=3\npad=1\ngroups=96\nactivation='relu6'") +
                    layer("type='conv'\nchannels=16\nsize=1\nactivation='linear'\nadd='stem'")),
              build(stem + layer("type='inverted_residual'\nchannels=16")));
}

TEST(NetFile, SaysWhatThePreActivationModelsAre) {
  const std::string stem = layer("type='stream'\nname='stem'\nchannels=16\nsize=3\npad=1");
  const std::string rest = layer("type='basic_v2'\nchannels=64\nstride=2") + layer("type='average_pool'");
  expect_same(build(stem + layer("type='basic_v2'\nchannels=16") + layer("type='basic_v2'\nchannels=32\nstride=2") + rest),
              build_model("resnet8_v2", 32, 32, 3, 10));
  const std::string conv = "\nsize=3\npad=1\nchannels=";
  expect_same(
      build(stem + layer("type='conv'" + conv + "16") + layer("type='stream'\nadd='stem'\nname='sum'" + conv + "16") +
            layer("type='stream'\nname='short'\ninput='sum'\nsize=1\nstride=2\nrelu=false\nchannels=32") +
            layer("type='conv'\ninput='sum'\nstride=2" + conv + "32") + layer("type='stream'\nadd='short'" + conv + "32") + rest),
      build_model("resnet8_v2", 32, 32, 3, 10));
  const std::string pool =
      layer("type='conv'\nchannels=64\nsize=7\nstride=2\npad=3") + layer("type='max_pool'\nsize=3\nstride=2\npad=1");
  expect_same(
      build(pool + layer("type='basic_v2'\nchannels=64\nrepeat=2") + layer("type='basic_v2'\nchannels=128\nstride=2\nrepeat=2") +
            layer("type='basic_v2'\nchannels=256\nstride=2\nrepeat=2") +
            layer("type='basic_v2'\nchannels=512\nstride=2\nrepeat=2") + layer("type='average_pool'")),
      build_model("resnet18_v2", 32, 32, 3, 10));
  expect_same(build(pool + layer("type='bottleneck_v2'\nchannels=64\nrepeat=3") +
                    layer("type='bottleneck_v2'\nchannels=128\nstride=2\nrepeat=4") +
                    layer("type='bottleneck_v2'\nchannels=256\nstride=2\nrepeat=6") +
                    layer("type='bottleneck_v2'\nchannels=512\nstride=2\nrepeat=3") + layer("type='average_pool'")),
              build_model("resnet50_v2", 32, 32, 3, 10));
}

TEST(NetFile, RefusesWhatNoStreamCanBe) {
  const auto refused = [](const std::string& text, const std::string& what, const std::string& where = "my.toml") {
    SCOPED_TRACE(text);
    expect_error([&] { build(text); }, what, where);
  };
  const std::string shape = "\nchannels=16\nsize=3\npad=1", stream = "type='stream'" + shape, conv = "type='conv'" + shape;
  const std::string stem = layer(stream + "\nname='stem'"), bare = layer(stream + "\nrelu=false\nname='bare'");
  refused(kStem + bare, "the last layer has no ReLU");
  refused(kStem + bare + layer(conv), "may only be added", "layer 3");
  refused(kStem + bare + layer(conv + "\ninput='stem'"), "the output of layer 2 is read by none");
  refused(kStem + bare + layer(conv + "\ninput='stem'\nadd='bare'"), "it adds a layer without ReLU");
  refused(kStem + layer(conv + "\nrelu=false\nname='bare'") + layer(stream + "\ninput='stem'\nadd='bare'"),
          "it adds a layer without ReLU");
  refused(stem + layer(stream + "\nadd='stem'") + layer(stream + "\nadd='stem'"), "may not be read any more", "layer 3");
  refused(stem + layer(stream + "\nadd='stem'") + layer("type='basic_v2'\nchannels=16\ninput='stem'"),
          "may not be read any more");
  refused(kStem + layer(stream + "\nadd='stem'") + layer(conv + "\ninput='stem'"), "may not be read any more");
  refused(stem + layer(stream + "\nadd='input'"), "the images cannot be added");
  refused(stem + layer(stream + "\nadd='stem'\nrelu=false"), "has a ReLU");
  refused(layer("type='basic_v2'\nchannels=3"), "cannot read the images");
  const std::string linear = layer(conv + "\nactivation='linear'\nname='linear'");
  refused(linear + layer(stream + "\nadd='linear'"), "it adds a layer without ReLU", "layer 2");
  refused(linear + layer("type='basic_v2'\nchannels=16"), "it reads a layer with a ReLU only", "layer 2");
  refused(kStem + layer(stream + "\nactivation='relu6'"), "'activation' is no member");
}

TEST(NetFile, RefusesWhatNoNetCanBe) {
  const auto refused = [](const std::string& text, const std::string& what, const std::string& where = "my.toml") {
    SCOPED_TRACE(text);
    expect_error([&] { build(text); }, what, where);
  };
  const std::string conv = "type='conv'\nchannels=16\nsize=3\npad=1";
  refused("[[layer", "not TOML", "my.toml, line 1");
  refused("", "no [[layer]] tables");
  refused("layer = 3", "no [[layer]] tables");
  refused("layer = [1]", "no [[layer]] tables");
  refused("depth = 3", "'depth' is no member");
  refused(layer("type='conf'"), "its type is 'conf'", "my.toml, layer 1");
  refused(layer("channels=3"), "its type is ''");
  refused(kStem + layer("type=3"), "'type' takes a text", "my.toml, layer 2");
  refused(layer("type='conv'\nsize=3"), "'channels' is missing");
  for (const char* value : {"0", "16385", "1.5", "'8'", "-1"})
    refused(layer(std::string("type='conv'\nsize=3\nchannels=") + value), "'channels' takes a whole number");
  refused(layer("type='conv'\nchannels=16\nsize=3\npad=3"), "'pad' takes a whole number from 0 to 2");
  refused(layer(conv + "\nstrides=2"), "'strides' is no member");
  refused(layer(conv + "\nrelu=1"), "'relu' takes true or false");
  refused(layer(conv + "\ngroups=2"), "2 groups do not divide 3 and 16 channels");
  refused(layer(conv + "\ninput='stem'"), "no layer 'stem'");
  refused(kStem + kStem, "a layer 'stem' already");
  refused(layer(conv + "\nname='input'"), "a layer 'input' already");
  refused(kStem + layer(conv + "\nadd='input'"), "the images cannot be added");
  refused(kStem + layer("type='conv'\nchannels=8\nsize=3\npad=1\nadd='stem'"),
          "what it adds is 32x32x16, and is added to 32x32x8");
  refused(kStem + layer(conv + "\nrelu=false\nadd='stem'"), "has a ReLU");
  refused(layer(conv + "\nactivation='relu7'"), "'activation' takes");
  refused(layer(conv + "\nactivation='linear'\nrelu=false"), "say the same");
  refused(layer(conv + "\nactivation='linear'") + layer("type='average_pool'"), "it reads a layer with a ReLU only", "layer 2");
  refused(layer("type='inverted_residual'\nchannels=3"), "cannot read the images");
  refused(kStem + layer("type='inverted_residual'\nchannels=3\nexpand=65"), "'expand' takes a whole number from 1 to 64");
  refused(layer("type='conv'\nchannels=4000\nsize=1") + layer("type='inverted_residual'\nchannels=3"),
          "expands to more than 16384");
  refused(kStem + layer(conv + "\nadd='stem'") + layer(conv + "\ninput='stem'"), "may not be read any more");
  refused(kStem + layer(conv + "\nadd='stem'") + layer(conv + "\nadd='stem'"), "may not be read any more");
  refused(kStem + layer(conv + "\nrelu=false") + layer(conv), "may only be added", "layer 3");
  refused(kStem + layer(conv + "\nrelu=false"), "the last layer has no ReLU");
  refused(kStem + layer(conv) + layer(conv + "\ninput='stem'"), "the output of layer 2 is read by none");
  refused(layer("type='average_pool'"), "cannot read the images");
  refused(layer("type='max_pool'\nsize=2"), "cannot read the images");
  refused(layer("type='basic'\nchannels=3"), "cannot read the images");
  refused(layer("type='basic'\nchannels=4\nshortcut='pad'"), "cannot read the images");
  refused(layer("type='shortcut'\nchannels=4"), "cannot read the images");
  refused(kStem + layer("type='basic'\nchannels=32\nshortcut='none'"), "'shortcut' takes \"conv\" or \"pad\"");
  for (const char* type : {"type='shortcut'", "type='basic'\nshortcut='pad'"})
    refused(kStem + layer(type + std::string("\nchannels=15")), "16 channels, which cannot become 15", "layer 2");
  refused(kStem + layer("type='bottleneck'\nshortcut='pad'\nchannels=3"), "16 channels, which cannot become 12", "layer 2");
  refused(kStem + layer("type='shortcut'\nchannels=18\nbefore=3"), "'before' takes a whole number from 0 to 2", "layer 2");
  refused(kStem + layer("type='shortcut'\nchannels=18\npad=1"), "'pad' is no member", "layer 2");
  refused(kStem + layer(conv) + layer("type='average_pool'\ninput='stem'"), "the only reader");
  refused(kStem + layer("type='basic'\nchannels=16\nname='a'") + layer("type='average_pool'") +
              layer("type='linear'\nchannels=4\ninput='a'"),
          "may not be read any more");
  refused(kStem + layer("type='max_pool'\nsize=2\nname='p'") + layer("type='conv'\nchannels=3\nsize=15\npad=0") +
              layer("type='conv'\nchannels=3\nsize=15\npad=0"),
          "too small for this model", "layer 4");
  refused(layer("type='conv'\nchannels=16000\nsize=5\npad=1") + layer("type='conv'\nchannels=1\nsize=5"),
          "too large for this model", "image");
}

TEST(NetFile, RefusesFilesThatCannotBeRead) {
  const TempFolder folder;
  expect_error([&] { read_net_file(folder.file("none.toml")); }, "No such file", "none.toml");
  expect_error([&] { read_net_file(folder.path()); }, "no file", folder.path());
  test::write_bytes(folder.file("long.toml"), test::Bytes((1 << 20) + 1, '#'));
  expect_error([&] { read_net_file(folder.file("long.toml")); }, "more than 1 MiB", "long.toml");
  test::write_bytes(folder.file("net.toml"), {'a'});
  EXPECT_EQ(read_net_file(folder.file("net.toml")), "a");
}

}  // namespace
}  // namespace intrain
