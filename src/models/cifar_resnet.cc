#include <string>

#include "core/error.h"
#include "models/models.h"
#include "models/residual_blocks.h"
#include "nn/builder.h"

namespace intrain {

namespace {

void check_depth(int depth) {
  if (depth < 2 || depth % 6 != 2)
    throw Error("a net for small images of " + std::to_string(depth) + " layers", Setting{"model"},
                "the depth is 6 n + 2, as 20");
}

Net with_blocks(Value* (*block)(NetBuilder&, Value*, int, int), int depth, int h, int w, int c, int classes) {
  check_depth(depth);
  NetBuilder net(h, w, c, classes);
  Value* x = net.conv_bn_relu(net.input(), {.k = 16, .size = 3, .stride = 1, .pad = 1});
  for (int stage = 0; stage < 3; ++stage)
    for (int i = 0; i < (depth - 2) / 6; ++i) x = block(net, x, 16 << stage, stage > 0 && i == 0 ? 2 : 1);
  return net.linear_logits(net.global_average_pool(x));
}

// Of pre-activation, `blocks` a stage.
Net with_blocks_v2(int blocks, int width, int h, int w, int c, int classes) {
  NetBuilder net(h, w, c, classes);
  Stream x = net.conv_add_stream(net.input(), {.k = 16, .size = 3, .stride = 1, .pad = 1}, nullptr);
  for (int stage = 0; stage < 3; ++stage)
    for (int block = 0; block < blocks; ++block) x = basic_block_v2(net, x, 16 * width << stage, stage > 0 && block == 0 ? 2 : 1);
  return net.linear_logits(net.global_average_pool(x.relu));
}

}  // namespace

Net cifar_resnet(int depth, int h, int w, int c, int classes) { return with_blocks(basic_block, depth, h, w, c, classes); }
Net cifar_resnet_a(int depth, int h, int w, int c, int classes) { return with_blocks(basic_block_a, depth, h, w, c, classes); }

Net cifar_resnet_v2(int depth, int h, int w, int c, int classes) {
  check_depth(depth);
  return with_blocks_v2((depth - 2) / 6, 1, h, w, c, classes);
}

Net wide_resnet(int depth, int width, int h, int w, int c, int classes) {
  if (depth < 10 || depth % 6 != 4 || width < 1 || width > 64)
    throw Error("a wide residual net of " + std::to_string(depth) + " layers and width " + std::to_string(width),
                Setting{"model"}, "the depth is 6 n + 4, as 16, the width 1 to 64");
  return with_blocks_v2((depth - 4) / 6, width, h, w, c, classes);
}

Net wide_cifar_resnet18(int h, int w, int c, int classes) {
  NetBuilder net(h, w, c, classes);
  Value* x = net.conv_bn_relu(net.input(), {.k = 64, .size = 3, .stride = 1, .pad = 1});
  for (int stage = 0; stage < 4; ++stage)
    for (int i = 0; i < 2; ++i) x = basic_block(net, x, 64 << stage, stage > 0 && i == 0 ? 2 : 1);
  return net.linear_logits(net.global_average_pool(x));
}

}  // namespace intrain
