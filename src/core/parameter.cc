#include "core/parameter.h"

namespace intrain {

void Parameter::allocate(bool training) {
  const size_t n = static_cast<size_t>(count());
  master.resize(n);
  momentum.assign(training ? n : 0, 0);
}

}  // namespace intrain
