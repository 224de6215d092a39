#include "data/pixel_sums.h"

#include <algorithm>

namespace intrain {

namespace {

// Of so many pixels the squares fit in 32 bits, of which a vector holds twice as many as of 64.
constexpr int64_t kRun = int64_t{1} << 16;
static_assert(kRun * 255 * 255 <= UINT32_MAX);

// The number of channels is known when it is compiled, so that the loops become vector code.
template <int kChannels>
void add_run(const uint8_t* image, int64_t pixels, PixelSums* sums) {
  uint32_t sum[kChannels] = {}, squares[kChannels] = {};
  for (int64_t i = 0; i < pixels; ++i)
    for (int ch = 0; ch < kChannels; ++ch) {
      const uint32_t p = image[i * kChannels + ch];
      sum[ch] += p;
      squares[ch] += p * p;
    }
  for (int ch = 0; ch < kChannels; ++ch) {
    sums[ch].sum += sum[ch];
    sums[ch].squares += squares[ch];
  }
}

}  // namespace

void add_pixels(const uint8_t* image, int64_t pixels, int channels, PixelSums* sums) {
  for (int64_t done = 0; done < pixels; done += kRun) {
    const uint8_t* run = image + done * channels;
    const int64_t count = std::min(kRun, pixels - done);
    if (channels == 1)
      add_run<1>(run, count, sums);
    else if (channels == 2)
      add_run<2>(run, count, sums);
    else
      add_run<3>(run, count, sums);
  }
}

}  // namespace intrain
