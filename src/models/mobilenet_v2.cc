#include <algorithm>

#include "models/models.h"
#include "models/residual_blocks.h"
#include "nn/builder.h"

namespace intrain {
namespace {

// Blocks of one shape; the first has the stride, that for small images after that for large ones.
struct Stage {
  int expansion, channels, blocks, stride, small_stride;
};
constexpr Stage kStages[] = {{1, 16, 1, 1, 1}, {6, 24, 2, 2, 1},  {6, 32, 3, 2, 2}, {6, 64, 4, 2, 2},
                             {6, 96, 3, 1, 1}, {6, 160, 3, 2, 2}, {6, 320, 1, 1, 1}};
constexpr int kSmallSide = 64;

}  // namespace

Net mobilenet_v2(int h, int w, int c, int classes) {
  const bool small = std::max(h, w) <= kSmallSide;
  NetBuilder net(h, w, c, classes);
  Value* x = net.conv_bn_relu6(net.input(), {.k = 32, .size = 3, .stride = small ? 1 : 2, .pad = 1});
  for (const Stage& s : kStages)
    for (int block = 0; block < s.blocks; ++block)
      x = inverted_residual_block(net, x, s.channels, block > 0 ? 1 : small ? s.small_stride : s.stride, s.expansion);
  x = net.conv_bn_relu6(x, {.k = 1280, .size = 1});
  return net.linear_logits(net.global_average_pool(x));
}

}  // namespace intrain
