// A page about one or several runs.
#pragma once

#include <string>
#include <vector>

#include "analysis/run_summary.h"

namespace intrain {

// A whole document of HTML that needs no other file and no network: what the runs are, their curves one over the other, where each net is
// wrong, how its numbers fill their formats, all settings. What a run lacks is said in its place. At least one run. Throws Error if a
// configuration names a recipe that is unknown.
std::string report_page(const std::vector<RunReport>& runs);

}  // namespace intrain
