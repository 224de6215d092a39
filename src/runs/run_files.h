// What the files of a run folder are called (runs/run_folder.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace intrain {

inline constexpr const char *kConfigFile = "config.json", *kMetricsFile = "metrics.jsonl", *kEpochsFile = "epochs.csv",
                            *kCurveFile = "curve.png", *kBestFile = "best.ckpt", *kFinalFile = "final.ckpt",
                            *kPhotosFile = "photos.txt", *kBrokenFile = "broken.txt", *kAuditFile = "audit.jsonl";
inline constexpr const char* kRunFiles[] = {kConfigFile, kMetricsFile, kEpochsFile, kCurveFile, kBestFile,
                                            kFinalFile,  kPhotosFile,  kBrokenFile, kAuditFile};

// "step-<N>.ckpt", and N of such a name.
std::string step_name(int64_t step);
std::optional<int64_t> step_of(const std::string& name);

// The steps of the checkpoints of that name in `folder`, newest first. Throws Error if it cannot be read.
std::vector<int64_t> saved_steps(const std::string& folder);

// What goes on with the run of `folder` where so many ranks train: "mpirun -n N intrain train --resume run".
std::string resume_command(const std::string& folder, int ranks);

// Whether something of the name is there, a link that leads nowhere too. What cannot be seen is not: the next who needs it says why.
bool is_there(const std::filesystem::path& path);

}  // namespace intrain
