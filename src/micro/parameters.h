// What a layer's product and norm take of its parameters: constants, or made of the stored ones where the net learns.
#pragma once

#include "micro/net.h"

namespace intrain::micro {

struct Parameters {
  const int8_t* weight8;
  int weight_exp;
  const int32_t* bias;
  const int32_t *stage, *mult, *offset, *f_shift;
  const uint32_t* sigma;  // where the net learns
  const int8_t *gamma, *beta;
};

// Of a layer with a product. Where the net learns they lie in its scratch memory, until those of another layer are asked for.
Parameters parameters_of(const Net& net, const Layer& layer, uint8_t* arena);

}  // namespace intrain::micro
