#include <span>
#include <string>

#include "core/error.h"
#include "models/models.h"
#include "nn/builder.h"

namespace intrain {

namespace {

constexpr int kPool = 0;
constexpr int kVgg11[] = {64, kPool, 128, kPool, 256, 256, kPool, 512, 512, kPool, 512, 512, kPool};
constexpr int kVgg16[] = {64, 64, kPool, 128, 128, kPool, 256, 256, 256, kPool, 512, 512, 512, kPool, 512, 512, 512, kPool};

std::span<const int> table_of(int depth) {
  if (depth == 11) return kVgg11;
  if (depth == 16) return kVgg16;
  throw Error("a VGG net of " + std::to_string(depth) + " layers", Setting{"model"}, "the depth is 11 or 16");
}

}  // namespace

Net vgg_bn(int depth, int h, int w, int c, int classes) {
  NetBuilder net(h, w, c, classes);
  Value* x = net.input();
  for (const int channels : table_of(depth))
    if (channels != kPool)
      x = net.conv_bn_relu(x, {.k = channels, .size = 3, .pad = 1});
    else if (x->h > 1 && x->w > 1)
      x = net.max_pool(x, 2, 2, 0);
  return net.linear_logits(net.global_average_pool(x));
}

}  // namespace intrain
