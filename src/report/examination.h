// Where a net is right and wrong, in a run's page (report/report_page.h).
#pragma once

#include <string>

#include "analysis/run_summary.h"

namespace intrain::page {

// Which classes are taken for which, the rates of each, the worst mistakes; "" if the net was not evaluated.
std::string examination(const RunReport& run);

}  // namespace intrain::page
