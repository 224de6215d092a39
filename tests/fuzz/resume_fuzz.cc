// A run folder whose metrics.jsonl is damaged: the run goes on, and only whole lines are kept.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/error.h"
#include "runs/metrics_file.h"
#include "runs/run_folder.h"
#include "support/temp_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace intrain;
  static const test::TempFolder folder;
  const std::string path = folder.file("metrics.jsonl");
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  TrainConfig config;
  config.out = folder.path();
  CheckpointInfo info;
  info.step = 100;
  info.epoch = 3;
  { const RunFolder run(config, info); }
  std::ifstream kept(path);
  for (std::string line; std::getline(kept, line);)
    if (std::holds_alternative<std::monostate>(parse_metrics_line(line))) std::abort();
  return 0;
}
