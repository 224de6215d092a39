#include "ops/lanes_avx512.h"
#include "ops/weight_average/vector.h"

namespace intrain::ops::avx512vnni {

void weight_average(const WeightAverage& p) { weight_average_vector<Lanes>(p); }

}  // namespace intrain::ops::avx512vnni
