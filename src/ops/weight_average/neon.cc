#include "ops/lanes_neon.h"
#include "ops/weight_average/vector.h"

namespace intrain::ops::neon {

void weight_average(const WeightAverage& p) { weight_average_vector<Lanes>(p); }

}  // namespace intrain::ops::neon
