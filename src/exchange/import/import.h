// How the float32 numbers of a net trained elsewhere become those of a net of ours.
//
// A stored W is round(w 2^24), and so on for each format of docs/contract.md. What the formats' ranges are too narrow or too coarse for is
// brought to them by equivalences, which leave what the net computes as it is:
//
// - Scales. A ReLU passes a positive factor. So the outputs of a layer may be 2^k times what they were, gamma and beta (or W and bias) 2^k
//   times, if the layers that read them undo it: a convolution by running mean and variance, 2^k and 4^k times, a linear layer by W. Values
//   that are added to one another, and a pool's input and output, have one k together. Behind a ReLU6 k is 0. k is the largest for which
//   the share of outputs of training images that saturate is at most kMostSaturated in each layer, found with the integer net itself.
// - Rows. The outputs of a convolution's channel may be f times what they were if its running mean and sigma are. So each channel's W is
//   scaled, by at most 2^8, until its largest is the top of the layer's 8 bits: all channels have the full resolution.
// - Gamma and beta beyond +-127/64: with gamma' = gamma / f, beta' = beta - d the running statistics sigma' = sigma / f, mean' = mean - d
//   sigma' / gamma' give the same outputs at evaluation. A training normalizes by the batch's statistics and knows of neither.
// - Batch norm that is folded into a convolution, y = W x + b: with mean m and deviation s of W x over training images, gamma = s and
//   beta = m + b undo the normalization.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "exchange/import/float_net.h"
#include "exchange/import/import_report.h"

namespace intrain {

constexpr double kMostSaturated = 1.0 / 1024;

// Fills the net (prepared for training, initialized) with `layers`, one for each step that learns; empty ones stay as they are. Scales by
// about `images` of the training images; none: no scales, W as it is. batch: what the net was prepared for, at most train.count. Throws
// Error if batch norm is folded and there are no images, naming `file`, and once *stop is not 0.
ImportReport import_layers(Net& net, const std::vector<NetStep>& steps, std::vector<FloatLayer> layers, const std::string& file,
                           const Dataset& train, const Normalization& norm, int images, int batch,
                           const std::atomic<int>* stop = nullptr);

}  // namespace intrain
