// Data sets for a person who waits for them.
#pragma once

#include <string>

#include "data/source.h"

namespace intrain::cli {

// load_data with progress on stdout while photos are looked at.
DataSplits load_showing(const std::string& spec, bool evaluation_only);

// How many files could not be read, and the first of them; nothing if there are none.
void print_broken(const DataSplits& data);

}  // namespace intrain::cli
