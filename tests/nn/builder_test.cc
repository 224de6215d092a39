#include "nn/builder.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

// Calls use(net, x), where x is the output of a first convolution, 8x8 of 4 channels; it must throw LayerError with that text.
template <class Use>
void refused(const Use& use, const std::string& what) {
  NetBuilder net(8, 8, 3, 10);
  Value* x = net.conv_bn_relu(net.input(), {.k = 4, .size = 3, .pad = 1});
  try {
    use(net, x);
    ADD_FAILURE() << "not refused: " << what;
  } catch (const LayerError& e) {
    EXPECT_NE(std::string(e.what()).find(what), std::string::npos) << e.what();
  }
}

TEST(NetBuilder, NamesTheLayerThatCannotBe) {
  refused([](NetBuilder& n, Value* x) { n.conv_bn_relu(x, {.k = 0, .size = 1}); }, "conv1: 'channels' is 0, not 1 to 65536");
  refused([](NetBuilder& n, Value* x) { n.conv_bn_relu(x, {.k = 4, .size = 0}); }, "conv1: 'size' is 0");
  refused([](NetBuilder& n, Value* x) { n.conv_bn_relu(x, {.k = 4, .size = 3, .stride = 0}); }, "conv1: 'stride' is 0");
  refused([](NetBuilder& n, Value* x) { n.conv_bn_relu(x, {.k = 4, .size = 3, .pad = 3}); }, "conv1: 'pad' is 3, not 0 to 2");
  refused([](NetBuilder& n, Value* x) { n.conv_bn_relu(x, {.k = 4, .size = 3, .pad = -1}); }, "conv1: 'pad' is -1");
  refused([](NetBuilder& n, Value* x) { n.conv_bn_relu(x, {.k = 6, .size = 3, .pad = 1, .groups = 4}); },
          "conv1: 4 groups do not divide 4 and 6 channels");
  refused([](NetBuilder& n, Value*) { n.conv_bn_relu(nullptr, {.k = 4, .size = 1}); }, "conv1: it reads no layer");
  refused([](NetBuilder& n, Value* x) { n.max_pool(x, 16, 1, 0); }, "max_pool1: 'size' is 16, not 1 to 15");
  refused([](NetBuilder& n, Value* x) { n.max_pool(x, 2, 0, 0); }, "max_pool1: 'stride' is 0");
  refused([](NetBuilder& n, Value* x) { n.max_pool(x, 2, 2, 2); }, "max_pool1: 'pad' is 2");
  refused([](NetBuilder& n, Value*) { n.max_pool(n.input(), 2, 2, 0); }, "max_pool1: it cannot read the images");
  refused([](NetBuilder& n, Value*) { n.global_average_pool(n.input()); }, "average_pool1: it cannot read the images");
  refused([](NetBuilder& n, Value* x) { n.linear_relu(x, 0); }, "linear1: 'channels' is 0");
  refused([](NetBuilder& n, Value* x) { n.pad_shortcut(x, {.channels = 3}); },
          "shortcut1: it pads 4 channels, which cannot become 3");
  refused([](NetBuilder& n, Value* x) { n.pad_shortcut(x, {.channels = 6, .before = 3}); },
          "shortcut1: 'before' is 3, not 0 to 2");
  refused(
      [](NetBuilder& n, Value* x) {
        n.custom("mine", x, {Value::Kind::kStream, 8, 8, 4, 0}, {});
      },
      "mine1: its output is neither kActivation nor kSigned");
}

TEST(NetBuilder, KnowsWhatMayBeReadAndAdded) {
  const ConvSpec same = {.k = 4, .size = 3, .pad = 1};
  refused([&](NetBuilder& n, Value* x) { n.conv_bn_relu(n.conv_bn(x, same), same); }, "conv2: it reads a layer without ReLU");
  refused([&](NetBuilder& n, Value* x) { n.linear_logits(n.conv_bn(x, same)); }, "linear2: it reads a layer without ReLU");
  refused([&](NetBuilder& n, Value* x) { n.global_average_pool(n.conv_bn_linear(x, same)); },
          "average_pool2: it reads a layer with a ReLU only");
  refused([&](NetBuilder& n, Value* x) { n.conv_bn_add_relu(x, {.k = 5, .size = 3, .pad = 1}, x); },
          "conv1: what it adds is 8x8x4, and is added to 8x8x5");
  refused([&](NetBuilder& n, Value* x) { n.conv_bn_add_relu(x, {.k = 3, .size = 3, .pad = 1}, n.input()); },
          "conv1: the images cannot be added");
  refused([&](NetBuilder& n, Value* x) { n.conv_bn_add_relu(x, same, n.conv_stream(x, same)); },
          "conv2: it adds a layer without ReLU");
  refused([&](NetBuilder& n, Value* x) { n.conv_add_stream(x, same, n.conv_bn(x, same)); },
          "conv2: it adds a layer without ReLU");
  // What was added, or whose mean was taken, is no more.
  refused(
      [&](NetBuilder& n, Value* x) {
        n.conv_bn_add_relu(n.conv_bn_relu(x, same), same, x);
        n.conv_bn_relu(x, same);
      },
      "conv3: what it reads may not be read any more");
  refused(
      [&](NetBuilder& n, Value* x) {
        n.global_average_pool(x);
        n.conv_bn_relu(x, same);
      },
      "conv2: what it reads may not be read any more");
  refused(
      [&](NetBuilder& n, Value* x) {
        n.conv_bn_relu(x, same);
        n.global_average_pool(x);
      },
      "average_pool2: the mean must be the only reader");
}

TEST(NetBuilder, RefusesImagesThatCannotBe) {
  test::expect_error([] { NetBuilder(0, 8, 3, 10); }, "images of 0x8x3", "");
  test::expect_error([] { NetBuilder(8, 8, 1 << 17, 10); }, "images of 8x8x131072", "");
  test::expect_error([] { NetBuilder(8, 8, 3, 0); }, "a net of 0 classes", "");
  test::expect_error([] { NetBuilder(8, 8, 3, 1 << 20); }, "a net of 1048576 classes", "");
  NetBuilder net(4, 4, 1, 2);
  test::expect_error([&] { net.conv_bn_relu(net.input(), {.k = 1, .size = 5}); }, "images of 4x4 are too small", "");
}

}  // namespace
}  // namespace intrain
