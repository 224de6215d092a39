// The exponents that training chose, over time, as a picture.
#pragma once

#include <string>
#include <vector>

#include "analysis/exponent_tracks.h"

namespace intrain {

// A panel a kind, a line a layer, from the first (dark) to the last (light). Written atomically. Throws Error if it cannot be.
void draw_exponents(const std::string& title, const std::vector<ExponentTrack>& tracks, const std::string& path);

}  // namespace intrain
