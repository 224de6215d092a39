#include "models/models.h"
#include "nn/builder.h"

namespace intrain {

Net vgg_small(int h, int w, int c, int classes) {
  NetBuilder net(h, w, c, classes);
  Value* x = net.input();
  for (int width : {128, 256, 512}) {
    for (int i = 0; i < 2; ++i) x = net.conv_bn_relu(x, {.k = width, .size = 3, .pad = 1});
    x = net.max_pool(x, 2, 2, 0);
  }
  return net.linear_logits(net.linear_relu(x, 1024));
}

}  // namespace intrain
