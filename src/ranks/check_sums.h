// Whether the ranks reduce right.
#pragma once

#include "core/reducer.h"

namespace intrain {

// Has numbers reduced whose sums and maxima are known, of each type and of few and many at once. Throws Error, naming the rank that gets others.
// (Where two hosts have one name, an MPI may add up wrong and say nothing.)
void check_sums(Reducer& reducer);

}  // namespace intrain
