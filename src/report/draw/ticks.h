// Where the numbers of an axis stand.
#pragma once

#include <vector>

namespace intrain {

// A step of 1, 2 or 5 times a power of ten that gives about `count` ticks.
double tick_step(double span, int count);

// Multiples of `step` from low to high, which count as such when they are off by rounding alone.
std::vector<double> ticks(double low, double high, double step);

}  // namespace intrain
