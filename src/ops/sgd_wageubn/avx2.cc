#include "ops/lanes_avx2.h"
#include "ops/sgd_wageubn/vector.h"

namespace intrain::ops::avx2 {

uint64_t sgd_wageubn_accumulate(const WageubnPass& p) { return sgd_wageubn_accumulate_vector(p); }
void sgd_wageubn_update(const WageubnPass& p) { sgd_wageubn_update_vector<Lanes>(p); }

}  // namespace intrain::ops::avx2
