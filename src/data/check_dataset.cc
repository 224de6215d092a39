#include "data/check_dataset.h"

#include <string>

#include "core/error.h"

namespace intrain {

void check_dataset(const Dataset& set) {
  if (set.count < 1) throw Error("a data set without images", Setting{"data"}, "there must be one at least");
  if (set.h < 1 || set.w < 1 || set.c < 1 || set.c > kMaxChannels)
    throw Error("images of " + std::to_string(set.h) + "x" + std::to_string(set.w) + "x" + std::to_string(set.c), Setting{"data"},
                "they have pixels, of 1 to " + std::to_string(kMaxChannels) + " channels");
  if (set.files.empty() && set.image_size() > static_cast<int64_t>(set.images.size()) / set.count)
    throw Error("a data set of fewer images than it says", Setting{"data"}, "count is how many there are");
}

}  // namespace intrain
