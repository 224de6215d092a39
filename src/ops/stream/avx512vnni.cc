#include "ops/lanes_avx512.h"
#include "ops/stream/vector.h"

namespace intrain::ops::avx512vnni {

void stream_add(const StreamAdd& p) { stream_add_vector<Lanes>(p); }

}  // namespace intrain::ops::avx512vnni
