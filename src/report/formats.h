// How a net's integers use their formats, in a run's page (report/report_page.h).
#pragma once

#include <string>

#include "analysis/run_summary.h"

namespace intrain::page {

// The exponents that training chose, as charts; "" if none are known.
std::string exponents(const RunReport& run);

// The shares of zeros and of saturated integers in the last step looked at, as a table; "" if there is none.
std::string numbers(const RunReport& run);

}  // namespace intrain::page
