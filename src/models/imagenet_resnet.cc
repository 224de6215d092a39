#include "core/error.h"
#include "models/models.h"
#include "models/residual_blocks.h"
#include "nn/builder.h"

namespace intrain {
namespace {

struct Stages {
  bool bottleneck;
  int blocks[4];
};

Stages stages_of(int depth) {
  if (depth == 18) return {false, {2, 2, 2, 2}};
  if (depth == 34) return {false, {3, 4, 6, 3}};
  if (depth != 50)
    throw Error("a residual net of " + std::to_string(depth) + " layers", Setting{"model"}, "the depth is 18, 34 or 50");
  return {true, {3, 4, 6, 3}};
}

Value* stem(NetBuilder& net) {
  return net.max_pool(net.conv_bn_relu(net.input(), {.k = 64, .size = 7, .stride = 2, .pad = 3}), 3, 2, 1);
}

// The stages of `block` from x on.
template <class X>
X stages(NetBuilder& net, X x, const int (&blocks)[4], X (*block)(NetBuilder&, X, int, int)) {
  for (int stage = 0; stage < 4; ++stage)
    for (int i = 0; i < blocks[stage]; ++i) x = block(net, x, 64 << stage, stage > 0 && i == 0 ? 2 : 1);
  return x;
}

}  // namespace

Net imagenet_resnet(int depth, int h, int w, int c, int classes) {
  const Stages s = stages_of(depth);
  NetBuilder net(h, w, c, classes);
  Value* x = stages(net, stem(net), s.blocks, s.bottleneck ? bottleneck_block : basic_block);
  return net.linear_logits(net.global_average_pool(x));
}

Net imagenet_resnet_v2(int depth, int h, int w, int c, int classes) {
  const Stages s = stages_of(depth);
  NetBuilder net(h, w, c, classes);
  Value* pooled = stem(net);
  const Stream x = stages(net, Stream{pooled, pooled}, s.blocks, s.bottleneck ? bottleneck_block_v2 : basic_block_v2);
  return net.linear_logits(net.global_average_pool(x.relu));
}

}  // namespace intrain
