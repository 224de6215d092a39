#include "ops/lanes_neon.h"
#include "ops/stream/vector.h"

namespace intrain::ops::neon {

void stream_add(const StreamAdd& p) { stream_add_vector<Lanes>(p); }

}  // namespace intrain::ops::neon
