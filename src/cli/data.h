// Data sets for a person who waits for them.
#pragma once

#include <cstdio>
#include <string>

#include "checkpoint/checkpoint.h"
#include "data/source.h"
#include "settings/config.h"

namespace intrain::cli {

// load_data with progress on `out` while photos are looked at: of ranks of this one's share.
DataSplits load_showing(const std::string& spec, LoadOptions options, int threads, std::FILE* out = stdout);

// Whether photos that were found readable at an earlier start count as such if they do not seem to have changed, or all are read again.
enum class Trust { kManifest, kNone };

// The data of a run, which may have been moved since, for config.threads threads.
DataSplits load_again(const TrainConfig& config, Trust trust = Trust::kManifest);

// How many photos there are for training and evaluation, and what their names end in; nothing of other data.
void print_photos(const DataSplits& data);

// What was left out in one line, and the first entries; nothing if there are none. folder: the run's, where all are named; empty: none.
void print_broken(const DataSplits& data, std::FILE* out = stdout, const std::string& folder = "");

// Throws Error unless `set`, of `data`, has images and classes like those that the checkpoint was trained on.
void check_fit(const Checkpoint& checkpoint, const Dataset& set, const DataSplits& data);

}  // namespace intrain::cli
