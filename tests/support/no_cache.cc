// Tests leave nothing in the home folder, and find nothing there: those of the manifest of photos name a folder of their own.
#include <cstdlib>

namespace {

[[maybe_unused]] const int set = setenv("INTRAIN_CACHE", "", 1);

}  // namespace
