// Whether this process is one of several that a launcher of MPI programs started.
#pragma once

#include <cstdint>
#include <string>

namespace intrain {

struct Launch {
  int rank = 0;
  int ranks = 1;         // 0: the launcher does not tell
  std::string launcher;  // "mpirun", "srun"; empty: none
  bool is_alone() const { return ranks == 1; }
};

// By the environment that Open MPI (OMPI_COMM_WORLD_SIZE), MPICH and what launches like it (PMI_SIZE), Slurm (SLURM_STEP_NUM_TASKS) and others that
// speak PMIx (PMIX_RANK) set. A step of Slurm with one task, as a batch script is, is no launch.
Launch find_launch();

// As the system calls this machine.
std::string host_name();

// In milliseconds: INTRAIN_RANKS_PATIENCE, 1 to 86400 seconds, or 60. Throws Error for another value.
int64_t patience_of_environment();

}  // namespace intrain
