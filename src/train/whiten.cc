#include "train/whiten.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/formats.h"
#include "base/rounding.h"
#include "core/error.h"
#include "data/whitening.h"

namespace intrain {

Parameter& whitening_filters(Net& net) {
  const std::vector<Parameter*>& parameters = net.parameters();
  Parameter& filters = *parameters.front();
  const std::vector<int>& shape = filters.shape;
  const bool is_normalized = parameters.size() > 1 && parameters[1]->name.ends_with(".gamma");
  if (shape.size() != 4 || shape[3] != net.channels() || !is_normalized)
    throw Error("the first layer is no convolution of all channels with batch norm", Setting{"whiten"},
                "choose a net that begins with one, as examples/speedrun/net.toml");
  if (const int wanted = 2 * shape[1] * shape[2] * shape[3]; shape[0] != wanted)
    throw Error("the first layer has " + std::to_string(shape[0]) + " filters of " + std::to_string(shape[1]) + "x" +
                    std::to_string(shape[2]) + " pixels",
                Setting{"whiten"}, "give it " + std::to_string(wanted) + ": one for each number of a patch, and its negative");
  return filters;
}

void whiten_first_layer(Net& net, const Dataset& images, const Normalization& norm, const std::atomic<int>* stop) {
  constexpr int kVectorFraction = 30;
  Parameter& filters = whitening_filters(net);
  if (const auto& pixels = images.images; !pixels.empty() && std::equal(pixels.begin() + images.c, pixels.end(), pixels.begin()))
    throw Error("all pixels of the images are alike", Setting{"whiten"},
                "give images to whiten by, or begin with a net that has learned: a stream has none yet");
  const int height = filters.shape[1], width = filters.shape[2], n = filters.shape[0] / 2, coarse = 32 - net.widths().w_stored;
  const std::vector<int64_t> vectors = symmetric_eigenvectors(patch_moments(images, norm, height, width, stop), n);
  const int64_t most = net.master_most(filters);  // a vector along an axis is 1, which not all widths hold
  for (size_t i = 0; i < vectors.size(); ++i) {
    const int64_t w =
        clamp(rshift_round(vectors[i], kVectorFraction + kMasterExp + coarse) * (int64_t{1} << coarse), -most, most);
    filters.master[i] = static_cast<int32_t>(w);
    filters.master[vectors.size() + i] = static_cast<int32_t>(-w);
  }
}

}  // namespace intrain
