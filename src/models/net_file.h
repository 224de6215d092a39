// Nets that a user describes in a TOML file: `--model FILE.toml`.
//
//   [[layer]]                  # layers in order; each reads the one before
//   type = "conv"              # convolution without bias, batch norm, ReLU or another activation
//   channels = 16
//   size = 3                   # kernel, 1 to 15
//   pad = 1                    # zeros around the image, below size; stride = 1, groups = 1
//   name = "stem"              # optional: for `input` and `add` of later layers
//
// type        members
// conv        channels, size; stride, pad, groups, input; add: a layer of the same shape that is added before the activation, which
//             nothing may read after that; activation: "relu", "relu6", or "linear": none; relu = false: none either, for a layer
//             that is only added
// basic       channels; stride, repeat, input: a residual block of two 3x3 convolutions, its shortcut 1x1 where the shape changes;
//             the stride is the first one's of `repeat`
// bottleneck  the same with 1x1, 3x3, 1x1 convolutions, of which the last has 4 times the channels
// inverted_residual  channels; expand = 6, stride, repeat, input: the block of MobileNetV2: 1x1 of `expand` times the channels it reads,
//             3x3 of each channel, both with ReLU6, and a linear 1x1 to `channels`, to which the input is added where it has the shape
// stream      as conv, for pre-activation nets: the convolution plus what it adds is the residual stream, of which the next layers read
//             the batch norm and ReLU. add: a stream of the same shape, or a layer with ReLU, which nothing may add, or read, after
//             that; relu = false: the convolution alone, a shortcut that a stream adds
// basic_v2, bottleneck_v2  as basic and bottleneck, with pre-activation, on a stream or any layer with ReLU
// max_pool    size; stride = size, pad = 0, input
// average_pool  input: the mean over the image
// linear      channels, input: fully connected, with ReLU
//
// "input" names the images. What every net ends with, a fully connected layer of one output a class, is not written.
#pragma once

#include <string>

#include "base/api.h"
#include "nn/net.h"

namespace intrain {

// Whether `model` names such a file: it ends with ".toml".
INTRAIN_API bool is_net_file(const std::string& model);

// The file's text. Throws Error if it cannot be read or has more than 1 MiB.
INTRAIN_API std::string read_net_file(const std::string& path);

// The net that `text` describes. Throws Error, naming `path` and the layer, for what it cannot be.
INTRAIN_API Net build_net(const std::string& text, const std::string& path, int h, int w, int c, int classes);

}  // namespace intrain
