// The blocks of residual nets v1 (He et al., "Deep residual learning", figure 5), every convolution with batch norm. The shortcut is
// x itself, or a 1x1 convolution where stride or channels change the shape.
#pragma once

#include "nn/builder.h"

namespace intrain {

// 3x3 of `width` channels and stride `stride`, 3x3 of `width`.
Value* basic_block(NetBuilder& net, Value* x, int width, int stride);

// 1x1 of `width` channels, 3x3 of `width` and stride `stride`, 1x1 of 4 times `width`.
Value* bottleneck_block(NetBuilder& net, Value* x, int width, int stride);

}  // namespace intrain
