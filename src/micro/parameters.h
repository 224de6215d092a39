// What a layer's product and norm take of its parameters: constants, or made of the stored ones where the net learns.
#pragma once

#include "micro/net.h"

namespace intrain::micro {

struct Parameters {
  const int8_t* weight8;
  int weight_exp;
  const int32_t* bias;
  const int32_t *stage, *mult, *offset, *f_shift;
  const uint32_t* sigma;  // of a layer that learns
  const int8_t *gamma, *beta;
};

// Of a layer with a product. Those of one that learns are made in `scratch`: its own of this pass.
Parameters parameters_of(const Net& net, const Layer& layer, const Scratch& scratch, uint8_t* arena);

}  // namespace intrain::micro
