// How a picture is to be turned, from the notes of a camera.
#pragma once

#include <cstddef>
#include <cstdint>

namespace intrain {

// The orientation (1 to 8) in a block of EXIF: a TIFF header, with or without "Exif\0\0" before it, and tag 0x0112 of its first directory.
// 1, as stored, where there is none, or the block is damaged.
int exif_orientation(const uint8_t* block, size_t size);

// How a viewer turns what is stored. It shows, where turned_at(6) is on its side, the stored columns as rows: pixel (y, x) is the stored one in
// row y' of h and column x' of w with (y', x') = (y, x), or (x, y) if it lies on its side; then y' -> h - 1 - y' if the rows are flipped, and
// x' -> w - 1 - x' if the columns are.
struct Turn {
  bool on_its_side, rows_flipped, columns_flipped;
};
constexpr Turn turn_of(int orientation) {
  const auto is = [&](int a, int b, int c, int d) {
    return orientation == a || orientation == b || orientation == c || orientation == d;
  };
  return {orientation >= 5, is(3, 4, 6, 7), is(2, 3, 7, 8)};
}

}  // namespace intrain
