// One problem a kernel of ops/kernels.def, in cases/. A new row of kernels.def does not compile in kernels_test.cc until it has its <name>_case
// there.
#pragma once

#include "ops/cases/batch_norm.h"
#include "ops/cases/convolution.h"
#include "ops/cases/layers.h"
#include "ops/cases/optimizer.h"
