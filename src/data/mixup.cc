#include "data/mixup.h"

#include "base/random.h"
#include "base/rounding.h"

namespace intrain {

namespace {

constexpr int kUniform = 10, kWhole = 256;

struct Quantiles {
  int alpha_tenths;
  uint8_t share[128];
};

constexpr Quantiles kQuantiles[] = {
    {2, {0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,   0,   0,   0,   0,   0,   0,   0,   0,  0,  0,
         0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  1,  1,  1,   1,   1,   1,   1,   1,   1,   2,   2,  2,  2,
         2,  3,  3,  3,  3,  4,  4,  4,  5,  5,  5,  6,  6,  7,  7,  8,   9,   9,   10,  10,  11,  12,  13,  14, 15, 15,
         16, 17, 19, 20, 21, 22, 23, 25, 26, 27, 29, 30, 32, 34, 35, 37,  39,  41,  43,  45,  47,  49,  51,  53, 56, 58,
         60, 63, 65, 68, 70, 73, 76, 78, 81, 84, 87, 90, 93, 96, 99, 102, 105, 108, 111, 114, 117, 120, 123, 126}},
    {4, {0,  0,  0,  0,  0,  0,  0,  0,  0,   0,   0,   0,   1,   1,   1,   1,   1,   1,   1,   2,   2,   2,   2,   2,  3,  3,
         3,  4,  4,  4,  5,  5,  5,  6,  6,   7,   7,   8,   8,   9,   9,   10,  10,  11,  12,  12,  13,  14,  14,  15, 16, 17,
         18, 18, 19, 20, 21, 22, 23, 24, 25,  26,  27,  28,  29,  30,  31,  32,  33,  34,  36,  37,  38,  39,  40,  42, 43, 44,
         46, 47, 48, 50, 51, 53, 54, 55, 57,  58,  60,  61,  63,  64,  66,  68,  69,  71,  72,  74,  76,  77,  79,  81, 82, 84,
         86, 87, 89, 91, 93, 94, 96, 98, 100, 102, 103, 105, 107, 109, 111, 112, 114, 116, 118, 120, 122, 123, 125, 127}},
    {8, {0,   1,   1,   2,   2,   3,   3,   4,   5,   5,   6,   7,   7,   8,   9,   10,  11,  11,  12,  13,  14,  15,
         15,  16,  17,  18,  19,  20,  21,  22,  23,  24,  24,  25,  26,  27,  28,  29,  30,  31,  32,  33,  34,  35,
         36,  37,  38,  39,  40,  41,  42,  43,  44,  45,  46,  47,  48,  49,  50,  51,  52,  53,  55,  56,  57,  58,
         59,  60,  61,  62,  63,  64,  65,  66,  67,  69,  70,  71,  72,  73,  74,  75,  76,  77,  79,  80,  81,  82,
         83,  84,  85,  86,  87,  89,  90,  91,  92,  93,  94,  95,  97,  98,  99,  100, 101, 102, 103, 104, 106, 107,
         108, 109, 110, 111, 112, 114, 115, 116, 117, 118, 119, 121, 122, 123, 124, 125, 126, 127}},
};

}  // namespace

bool is_mixup_alpha(int alpha_tenths) {
  for (const Quantiles& q : kQuantiles)
    if (q.alpha_tenths == alpha_tenths) return true;
  return alpha_tenths == kUniform;
}

int mixup_share(int alpha_tenths, uint32_t r) {
  for (const Quantiles& q : kQuantiles)
    if (q.alpha_tenths == alpha_tenths) return q.share[r >> 25];
  return static_cast<int>(uint64_t{r} * (kWhole / 2 + 1) >> 32);
}

int random_share(int alpha_tenths, uint64_t seed, uint32_t epoch, uint32_t sample) {
  return mixup_share(alpha_tenths, RandomStream{seed, RandomUse::kAugment, epoch, sample}.bits(52));
}

void mix_images(const int8_t* next, int64_t size, int share, int8_t* image) {
  constexpr Shift32 kShareShift = make_shift32(8);
  for (int64_t i = 0; i < size; ++i)
    image[i] = static_cast<int8_t>(rshift_round32(image[i] * (kWhole - share) + next[i] * share, kShareShift));
}

}  // namespace intrain
