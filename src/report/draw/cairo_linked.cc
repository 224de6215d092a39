// Pictures in programs that are linked with cairo.
#include "report/draw/canvas.h"

namespace intrain {

bool can_draw() { return true; }

}  // namespace intrain
