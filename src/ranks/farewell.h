// How a rank that cannot go on parts from the others.
#pragma once

#include "core/error.h"
#include "ranks/mpi_ranks.h"

namespace intrain {

struct Farewell {
  bool tells = false;     // this rank is the one that says the error
  bool all_came = false;  // the others end too, and leave() follows; else abort(), which ends them
};

// Waits a second for the others' ends. An error that several have is told by the first of them; that a rank is lost by one on each machine, and
// after some time that is enough for it by no other. Once, in place of end().
Farewell part_with(MpiRanks& ranks, const Error& error);

}  // namespace intrain
