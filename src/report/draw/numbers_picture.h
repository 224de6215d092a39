// How the numbers of a net are distributed, as a picture.
#pragma once

#include <string>
#include <vector>

#include "analysis/inspect.h"

namespace intrain {

// A row a layer, a column for each kind that there is, of histograms (logarithmic). Written atomically. Throws Error if it cannot be.
void draw_statistics(const std::string& title, const std::vector<LayerStatistics>& layers, const std::string& path);

}  // namespace intrain
