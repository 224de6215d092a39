#include "ranks/launch.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "core/error.h"

namespace intrain {

namespace {

// -1: not there, or no number.
int number_of(const char* variable) {
  const char* text = std::getenv(variable);
  int number = -1;
  if (text == nullptr) return -1;
  const char* end = text + std::strlen(text);
  const auto [at, error] = std::from_chars(text, end, number);
  return error == std::errc() && at == end && number >= 0 ? number : -1;
}

struct Variables {
  const char *ranks, *rank, *launcher;
};
// The first that is there counts: an mpirun inside a step of Slurm has both.
constexpr Variables kLaunchers[] = {{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "mpirun"},
                                    {"PMI_SIZE", "PMI_RANK", "mpirun"},
                                    {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "srun"}};

constexpr const char* kPatienceVariable = "INTRAIN_RANKS_PATIENCE";

}  // namespace

Launch find_launch() {
  for (const Variables& v : kLaunchers) {
    const int ranks = number_of(v.ranks), rank = number_of(v.rank);
    if (ranks >= 1 && rank >= 0 && rank < ranks) return {rank, ranks, v.launcher};
  }
  if (const int rank = number_of("PMIX_RANK"); rank >= 0) return {rank, 0, "mpirun"};
  return {};
}

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "an unnamed host";
}

int64_t patience_of_environment() {
  constexpr int64_t kDefault = 60, kMost = 86'400;
  const char* text = std::getenv(kPatienceVariable);
  if (text == nullptr || *text == '\0') return kDefault * 1000;
  int64_t seconds = 0;
  const char* end = text + std::strlen(text);
  const auto [at, error] = std::from_chars(text, end, seconds);
  if (error != std::errc() || at != end || seconds < 1 || seconds > kMost)
    throw Error(std::string("'") + text + "' is no number of seconds", kPatienceVariable,
                "give 1 to 86400, or leave it out for 60");
  return seconds * 1000;
}

}  // namespace intrain
