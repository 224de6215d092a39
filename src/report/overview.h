// The head of a run's page (report/report_page.h): what the runs are and how they ended.
#pragma once

#include <string>
#include <vector>

#include "analysis/run_summary.h"

namespace intrain::page {

// The results of one run in large type; "" before its first epoch.
std::string tiles(const RunReport& run);

// A table with a row a run.
std::string summary(const std::vector<RunReport>& runs);

}  // namespace intrain::page
