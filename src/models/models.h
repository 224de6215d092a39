// The nets by name: models.def lists them.
#pragma once

#include <string>
#include <vector>

#include "nn/net.h"

namespace intrain {

// 784-200-100-50-10 on Fashion-MNIST: three hidden layers of 200, 100 and 50 with ReLU.
Net mlp(int h, int w, int c, int classes);

// Residual net for small images (He et al., "Deep residual learning", section 4.2), v1, depth = 6 n + 2: 3x3 stem of 16 channels,
// three stages of n basic blocks with 16, 32, 64 channels, the last two start with stride 2 and a 1x1 shortcut convolution;
// global average.
Net cifar_resnet(int depth, int h, int w, int c, int classes);

// Throws Error for an unknown name, or an image size the model cannot take.
Net build_model(const std::string& name, int h, int w, int c, int classes);
std::vector<std::string> model_names();

}  // namespace intrain
