// Where the plug-in is.
#pragma once

#include "ranks/launch.h"
#include "ranks/mpi_plugin.h"

namespace intrain {

// Loads intrain_mpi.so, which lies beside the program, or the file that INTRAIN_MPI names; it stays loaded. Throws Error if there is none, or if
// it is another version's.
const IntrainMpiPlugin& load_mpi_plugin(const Launch& launch);

}  // namespace intrain
