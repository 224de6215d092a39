#include "ops/lanes_avx2.h"
#include "ops/stream/vector.h"

namespace intrain::ops::avx2 {

void stream_add(const StreamAdd& p) { stream_add_vector<Lanes>(p); }

}  // namespace intrain::ops::avx2
