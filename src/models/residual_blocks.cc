#include "models/residual_blocks.h"

namespace intrain {
namespace {

Value* shortcut_of(NetBuilder& net, Value* x, int channels, int stride) {
  return stride == 1 && x->c == channels ? x : net.conv_bn(x, {.k = channels, .size = 1, .stride = stride});
}

Value* padded_shortcut_of(NetBuilder& net, Value* x, int channels, int stride) {
  return stride == 1 && x->c == channels ? x : net.pad_shortcut(x, {.channels = channels, .stride = stride});
}

Value* stream_shortcut_of(NetBuilder& net, Stream x, int channels, int stride) {
  return stride == 1 && x.relu->c == channels ? x.sum : net.conv_stream(x.relu, {.k = channels, .size = 1, .stride = stride});
}

Value* basic(NetBuilder& net, Value* x, int width, int stride, Value* shortcut) {
  Value* y = net.conv_bn_relu(x, {.k = width, .size = 3, .stride = stride, .pad = 1});
  return net.conv_bn_add_relu(y, {.k = width, .size = 3, .stride = 1, .pad = 1}, shortcut);
}

Value* bottleneck(NetBuilder& net, Value* x, int width, int stride, Value* shortcut) {
  Value* y = net.conv_bn_relu(x, {.k = width, .size = 1});
  y = net.conv_bn_relu(y, {.k = width, .size = 3, .stride = stride, .pad = 1});
  return net.conv_bn_add_relu(y, {.k = 4 * width, .size = 1}, shortcut);
}

}  // namespace

Value* basic_block(NetBuilder& net, Value* x, int width, int stride) {
  return basic(net, x, width, stride, shortcut_of(net, x, width, stride));
}

Value* bottleneck_block(NetBuilder& net, Value* x, int width, int stride) {
  return bottleneck(net, x, width, stride, shortcut_of(net, x, 4 * width, stride));
}

Value* basic_block_a(NetBuilder& net, Value* x, int width, int stride) {
  return basic(net, x, width, stride, padded_shortcut_of(net, x, width, stride));
}

Value* bottleneck_block_a(NetBuilder& net, Value* x, int width, int stride) {
  return bottleneck(net, x, width, stride, padded_shortcut_of(net, x, 4 * width, stride));
}

Value* inverted_residual_block(NetBuilder& net, Value* x, int channels, int stride, int expansion) {
  const int width = x->c * expansion;
  Value* y = expansion == 1 ? x : net.conv_bn_relu6(x, {.k = width, .size = 1});
  y = net.conv_bn_relu6(y, {.k = width, .size = 3, .stride = stride, .pad = 1, .groups = width});
  return net.conv_bn_linear(y, {.k = channels, .size = 1}, stride == 1 && x->c == channels ? x : nullptr);
}

Stream basic_block_v2(NetBuilder& net, Stream x, int width, int stride) {
  Value* shortcut = stream_shortcut_of(net, x, width, stride);
  Value* y = net.conv_bn_relu(x.relu, {.k = width, .size = 3, .stride = stride, .pad = 1});
  return net.conv_add_stream(y, {.k = width, .size = 3, .stride = 1, .pad = 1}, shortcut);
}

Stream bottleneck_block_v2(NetBuilder& net, Stream x, int width, int stride) {
  Value* shortcut = stream_shortcut_of(net, x, 4 * width, stride);
  Value* y = net.conv_bn_relu(x.relu, {.k = width, .size = 1});
  y = net.conv_bn_relu(y, {.k = width, .size = 3, .stride = stride, .pad = 1});
  return net.conv_add_stream(y, {.k = 4 * width, .size = 1}, shortcut);
}

}  // namespace intrain
