#include "models/models.h"
#include "nn/builder.h"

namespace intrain {

Net mlp(int h, int w, int c, int classes) {
  NetBuilder net(h, w, c, classes);
  Value* x = net.input();
  for (int width : {200, 100, 50}) x = net.linear_relu(x, width);
  return net.linear_logits(x);
}

}  // namespace intrain
