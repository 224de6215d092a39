// The blocks of residual nets, every convolution with batch norm. Of v1 (He et al., "Deep residual learning", figure 5): the shortcut is
// x itself, or where stride or channels change the shape a 1x1 convolution (B of that paper).
#pragma once

#include "base/api.h"
#include "nn/builder.h"

namespace intrain {

// 3x3 of `width` channels and stride `stride`, 3x3 of `width`.
INTRAIN_API Value* basic_block(NetBuilder& net, Value* x, int width, int stride);

// 1x1 of `width` channels, 3x3 of `width` and stride `stride`, 1x1 of 4 times `width`.
INTRAIN_API Value* bottleneck_block(NetBuilder& net, Value* x, int width, int stride);

// The same with that paper's shortcut A where the shape changes, which has no parameters (NetBuilder::pad_shortcut): the block has at least
// as many channels as x.
INTRAIN_API Value* basic_block_a(NetBuilder& net, Value* x, int width, int stride);
INTRAIN_API Value* bottleneck_block_a(NetBuilder& net, Value* x, int width, int stride);

// Of MobileNetV2 (Sandler et al., 2018, figure 4): 1x1 of `expansion` times the channels of x with ReLU6, left out if that is 1; 3x3 of
// each channel, of stride `stride`, with ReLU6; 1x1 of `channels` without an activation, plus x where stride and channels leave the shape.
INTRAIN_API Value* inverted_residual_block(NetBuilder& net, Value* x, int channels, int stride, int expansion);

// Those of shortcut B with pre-activation, v2 (He et al., "Identity mappings in deep residual networks", figure 4e): the last convolution
// is added to the stream. The shortcut is the stream, or a 1x1 convolution of its activation, without batch norm.
INTRAIN_API Stream basic_block_v2(NetBuilder& net, Stream x, int width, int stride);
INTRAIN_API Stream bottleneck_block_v2(NetBuilder& net, Stream x, int width, int stride);

}  // namespace intrain
