// The subcommands: each in a file of its own. main.cc fills in what the flags say. All return the exit status and throw Error.
#pragma once

#include <string>

#include "io/config.h"

namespace intrain::cli {

int train_command(const TrainConfig& config);

struct EvalFlags {
  std::string checkpoint;
  std::string data;  // empty: the data that the checkpoint was trained on
  int batch = 128;
  int threads = 1;
};
int eval_command(const EvalFlags& flags);

int info_command();

int verify_command(const std::string& model, int threads);

}  // namespace intrain::cli
