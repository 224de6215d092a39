// The nets by name: models.def lists them. What builds one throws Error for a depth that it does not have and an image size it cannot take.
#pragma once

#include <string>
#include <vector>

#include "base/api.h"
#include "nn/net.h"

namespace intrain {

// 784-200-100-50-10 on Fashion-MNIST: three hidden layers of 200, 100 and 50 with ReLU.
INTRAIN_API Net mlp(int h, int w, int c, int classes);

// Residual net for small images (He et al., "Deep residual learning", section 4.2), v1, depth = 6 n + 2: 3x3 stem of 16 channels,
// three stages of n basic blocks with 16, 32, 64 channels, the last two start with stride 2 and a 1x1 shortcut convolution;
// global average.
INTRAIN_API Net cifar_resnet(int depth, int h, int w, int c, int classes);
// The same with shortcuts without parameters, as the paper's nets for CIFAR have them (option A): NetBuilder::pad_shortcut.
INTRAIN_API Net cifar_resnet_a(int depth, int h, int w, int c, int classes);

// Residual net for 224x224 images (He et al., table 1), depth 18, 34 (basic blocks) or 50 (bottleneck blocks: 1x1, 3x3, 1x1 of four
// times the width), v1 as torchvision has it, with the stride in the 3x3: 7x7 stem of 64 channels and stride 2, 3x3 max pool of
// stride 2, stages of 64, 128, 256, 512 channels, of which the last three start with stride 2; a 1x1 shortcut convolution wherever
// the shape changes; global average. Takes smaller images too, down to one pixel.
INTRAIN_API Net imagenet_resnet(int depth, int h, int w, int c, int classes);

// The same nets with pre-activation blocks, v2 (He et al., "Identity mappings in deep residual networks"; models/residual_blocks.h). For
// small images the stream starts at the stem's convolution, and the batch norm and ReLU of the last sum precede the global average.
INTRAIN_API Net cifar_resnet_v2(int depth, int h, int w, int c, int classes);
// For large ones the stem keeps its batch norm, ReLU and max pool, whose output is the first block's activation and, where the shape stays,
// its shortcut: the first unit of that paper's appendix.
INTRAIN_API Net imagenet_resnet_v2(int depth, int h, int w, int c, int classes);

// resnet18 of small images as usual for CIFAR: v1, 3x3 stem of 64 channels and stride 1, no max pool, the same four stages.
INTRAIN_API Net wide_cifar_resnet18(int h, int w, int c, int classes);

// WRN-depth-width (Zagoruyko, Komodakis, "Wide residual networks", 2016, table 1), depth = 6 n + 4, without dropout: 3x3 stem of 16 channels, three
// stages of n pre-activation blocks with 16, 32, 64 times `width` channels, the last two start with stride 2; a 1x1 convolution without batch norm
// as the shortcut of each stage's first block.
INTRAIN_API Net wide_resnet(int depth, int width, int h, int w, int c, int classes);

// MobileNetV2 (Sandler et al., "MobileNetV2: Inverted residuals and linear bottlenecks", 2018, table 2), width 1, as torchvision has it but
// without the dropout before the last layer: 3x3 stem of 32 channels and stride 2, 17 inverted residual blocks, a 1x1 convolution of 1280
// channels, global average. Images of up to 64x64 pixels take the form usual for CIFAR: stride 1 in the stem and in the first block of 24
// channels, so that 32x32 pixels end as 4x4.
INTRAIN_API Net mobilenet_v2(int h, int w, int c, int classes);

// The VGG-like net for 32x32 images of the papers on integer training (WAGE, WAGEUBN, NITI): two 3x3 convolutions and a 2x2 max pool,
// for 128, 256 and 512 channels; a hidden linear layer of 1024 with ReLU. At least 8x8 pixels.
INTRAIN_API Net vgg_small(int h, int w, int c, int classes);

// VGG of 11 or 16 layers (Simonyan, Zisserman, 2015, table 1, A and D) with batch norm, in the form usual for CIFAR: 3x3 convolutions of 64 to 512
// channels, five 2x2 max pools, of which small images leave out those that would read one row or column, a global average (of one pixel for 32x32
// of them), and the linear layer to the classes alone.
INTRAIN_API Net vgg_bn(int depth, int h, int w, int c, int classes);

// The net of that name; or of the file of that name if it ends with ".toml" (models/net_file.h), described by `net`, which is read from the
// file where it is empty. Throws Error for an unknown name, an image size the model cannot take, and for what is wrong with the file.
INTRAIN_API Net build_model(const std::string& name, const std::string& net, int h, int w, int c, int classes);
inline Net build_model(const std::string& name, int h, int w, int c, int classes) {
  return build_model(name, "", h, w, c, classes);
}
INTRAIN_API std::vector<std::string> model_names();

}  // namespace intrain
