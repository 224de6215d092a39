// Data sets for a person who waits for them.
#pragma once

#include <cstdio>
#include <string>

#include "data/source.h"
#include "io/checkpoint.h"

namespace intrain::cli {

// load_data with progress on `out` while photos are looked at.
DataSplits load_showing(const std::string& spec, bool evaluation_only, int threads, std::FILE* out = stdout);

// How many files could not be read, and the first of them; nothing if there are none. folder: the run's, where all are; empty: none.
void print_broken(const DataSplits& data, std::FILE* out = stdout, const std::string& folder = "");

// Throws Error unless `set`, of `data`, has images and classes like those that the checkpoint was trained on.
void check_fit(const Checkpoint& checkpoint, const Dataset& set, const DataSplits& data);

}  // namespace intrain::cli
