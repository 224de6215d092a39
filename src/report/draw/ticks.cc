#include "report/draw/ticks.h"

#include <cmath>

namespace intrain {

double tick_step(double span, int count) {
  const double raw = span / count, power = std::pow(10, std::floor(std::log10(raw)));
  const double lead = raw / power;
  return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power;
}

std::vector<double> ticks(double low, double high, double step) {
  const double off = step * 1e-6;
  std::vector<double> list;
  // A sum of steps that should be 0 would be written as 1e-17, or -0.
  for (double t = std::ceil(low / step - 1e-6) * step; t <= high + off; t += step) list.push_back(std::abs(t) < off ? 0 : t);
  return list;
}

}  // namespace intrain
