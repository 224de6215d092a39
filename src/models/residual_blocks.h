// The blocks of residual nets v1 (He et al., "Deep residual learning", figure 5), every convolution with batch norm. The shortcut is
// x itself, or a 1x1 convolution where stride or channels change the shape.
#pragma once

#include "nn/builder.h"

namespace intrain {

// 3x3 of `width` channels and stride `stride`, 3x3 of `width`.
Value* basic_block(NetBuilder& net, Value* x, int width, int stride);

// 1x1 of `width` channels, 3x3 of `width` and stride `stride`, 1x1 of 4 times `width`.
Value* bottleneck_block(NetBuilder& net, Value* x, int width, int stride);

// The same blocks with pre-activation, v2 (He et al., "Identity mappings in deep residual networks", figure 4e): the last convolution
// is added to the stream. The shortcut is the stream, or a 1x1 convolution of its activation, without batch norm.
Stream basic_block_v2(NetBuilder& net, Stream x, int width, int stride);
Stream bottleneck_block_v2(NetBuilder& net, Stream x, int width, int stride);

}  // namespace intrain
