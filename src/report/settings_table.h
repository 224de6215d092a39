// With what settings the runs were made, in a run's page (report/report_page.h).
#pragma once

#include <string>
#include <vector>

#include "analysis/run_summary.h"

namespace intrain::page {

// A column a run, and the commands that repeat them; "" if no configuration is known. Throws Error if one names a recipe that is unknown.
std::string settings_table(const std::vector<RunReport>& runs);

}  // namespace intrain::page
