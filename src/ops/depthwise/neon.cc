#include "ops/depthwise/vector.h"
#include "ops/lanes_neon.h"

namespace intrain::ops::neon {

void depthwise_conv(const DepthwiseConv& p) { depthwise_conv_vector<Lanes>(p); }
void depthwise_weights(const DepthwiseWeights& p) { depthwise_weights_vector<Lanes>(p); }

}  // namespace intrain::ops::neon
