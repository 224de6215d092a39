#include "train/identity.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/formats.h"
#include "core/error.h"

namespace intrain {

void begin_with_identity(Net& net) {
  constexpr int32_t kOne = int32_t{1} << -kMasterExp;
  bool has_any = false;
  for (Parameter* p : net.parameters()) {
    if (p->shape.size() != 4) continue;
    const int outputs = p->shape[0], height = p->shape[1], width = p->shape[2], inputs = p->shape[3];
    const bool has_middle = height % 2 == 1 && width % 2 == 1;
    const bool has_one_group = p->fan == int64_t{outputs} * height * width;  // fan out
    if (!has_middle || !has_one_group) continue;
    has_any = true;
    const size_t filter = static_cast<size_t>(p->count() / outputs), middle = filter / 2 / static_cast<size_t>(inputs);
    for (size_t k = 0; k < static_cast<size_t>(std::min(outputs, inputs)); ++k) {
      std::fill_n(p->master.begin() + static_cast<std::ptrdiff_t>(k * filter), filter, 0);
      p->master[k * filter + middle * static_cast<size_t>(inputs) + k] = std::min(kOne, net.master_most(*p));
    }
  }
  if (!has_any)
    throw Error("the net has no convolution of one group with an odd kernel", Setting{"identity"},
                "leave it out, or choose another net");
}

}  // namespace intrain
