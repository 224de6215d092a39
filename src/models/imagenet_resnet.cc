#include "core/check.h"
#include "models/models.h"
#include "models/residual_blocks.h"
#include "nn/builder.h"

namespace intrain {
namespace {

struct Stages {
  Value* (*block)(NetBuilder& net, Value* x, int width, int stride);
  int blocks[4];
};

Stages stages_of(int depth) {
  if (depth == 18) return {basic_block, {2, 2, 2, 2}};
  if (depth == 34) return {basic_block, {3, 4, 6, 3}};
  CHECK_EQ(depth, 50);
  return {bottleneck_block, {3, 4, 6, 3}};
}

}  // namespace

Net imagenet_resnet(int depth, int h, int w, int c, int classes) {
  const Stages stages = stages_of(depth);
  NetBuilder net(h, w, c, classes);
  Value* x = net.conv_bn_relu(net.input(), {.k = 64, .size = 7, .stride = 2, .pad = 3});
  x = net.max_pool(x, 3, 2, 1);
  for (int stage = 0; stage < 4; ++stage)
    for (int block = 0; block < stages.blocks[stage]; ++block)
      x = stages.block(net, x, 64 << stage, stage > 0 && block == 0 ? 2 : 1);
  return net.linear_logits(net.global_average_pool(x));
}

}  // namespace intrain
