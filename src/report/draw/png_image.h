// Pixels as a picture for a page.
#pragma once

#include <cstdint>
#include <string>

namespace intrain {

// The bytes of a PNG that shows pixels [h][w][c], c = 1 (grey) or 3 (red, green, blue). h and w: 1 .. 32767.
std::string png_of(const uint8_t* pixels, int h, int w, int c);

}  // namespace intrain
