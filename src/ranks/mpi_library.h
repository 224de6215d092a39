// Where the plug-in is.
#pragma once

#include <string>

#include "ranks/launch.h"
#include "ranks/mpi_plugin.h"

namespace intrain {

std::string folder_of_program();

// Loads intrain_mpi.so, which lies in `folder`, or the file that INTRAIN_MPI names; it stays loaded. Throws Error if there is none, or if it is
// another version's.
const IntrainMpiPlugin& load_mpi_plugin(const Launch& launch, const std::string& folder);

}  // namespace intrain
