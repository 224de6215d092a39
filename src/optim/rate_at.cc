// What a caller may get wrong of a schedule; the rate itself is schedule_rate's, which needs no library.
#include <string>

#include "core/error.h"
#include "optim/schedule.h"

namespace intrain {

namespace {

void check(const Schedule& s, int64_t step) {
  if (s.total_steps < 1)
    throw Error("a schedule of " + std::to_string(s.total_steps) + " steps", Setting{"epochs"}, "give 1 or more");
  if (s.total_steps > kMostScheduleSteps)
    throw Error("a schedule of " + std::to_string(s.total_steps) + " steps", Setting{"epochs"}, "give at most 2^32");
  if (s.warmup_steps < 0)
    throw Error("a warm-up of " + std::to_string(s.warmup_steps) + " steps", Setting{"warmup"}, "give 0 or more");
  if (s.restarts < 0 || s.restarts > 1000)
    throw Error(std::to_string(s.restarts) + " restarts", Setting{"restarts"}, "give 0 to 1000");
  if (s.bits < 1 || s.bits > 10)
    throw Error("a rate of " + std::to_string(s.bits) + " bits", Setting{"formats.rate"}, "give 1 to 10");
  if (step < 0 || step >= s.total_steps)
    throw Error("step " + std::to_string(step) + " of " + std::to_string(s.total_steps), Setting{"epochs"},
                "steps are counted from 0, and the last is one less than there are");
}

}  // namespace

Scalar10 rate_at(const Schedule& s, int64_t step) {
  check(s, step);
  return schedule_rate(s, step);
}

}  // namespace intrain
