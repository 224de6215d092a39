// Training as lines, in a run's page (report/report_page.h).
#pragma once

#include <string>
#include <vector>

#include "analysis/run_summary.h"

namespace intrain::page {

// Losses, accuracies and learning rates of all runs, one over the other.
std::string curves(const std::vector<RunReport>& runs);

}  // namespace intrain::page
