#include "ops/lanes_avx2.h"
#include "ops/sgd_momentum/vector.h"
#include "ops/sgd_momentum/wageubn_vector.h"

namespace intrain::ops::avx2 {

uint64_t sgd_grad_max(const SgdGradients& p) { return sgd_grad_max_vector(p); }
uint32_t sgd_rough(const SgdPass& p) { return sgd_rough_vector(p); }
uint64_t sgd_max(const SgdPass& p) { return sgd_max_vector<Lanes>(p); }
uint32_t sgd_update(const SgdPass& p) { return sgd_update_vector<Lanes>(p); }
uint64_t sgd_wageubn_max(const WageubnPass& p) { return sgd_wageubn_max_vector(p); }
uint32_t sgd_wageubn_update(const WageubnPass& p) { return sgd_wageubn_update_vector<Lanes>(p); }

}  // namespace intrain::ops::avx2
