// intrain_verify MODEL THREADS: `intrain verify` without the rest of the command line and what only that needs, a third of a build.
#include <cstdio>
#include <cstdlib>

#include "cli/verify_run.h"
#include "core/error.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    return intrain::cli::run_verify_command(argv[1], std::make_shared<intrain::Runtime>(std::atoi(argv[2])));
  } catch (const intrain::Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 2;
  }
}
