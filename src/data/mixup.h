// Images that are mixed from two (Zhang et al., "mixup: Beyond empirical risk minimization", ICLR 2018), in the pixels that enter the net. Each is
// mixed with the next of its batch, and keeps the larger share: min(l, 1 - l) of the next one for l of the Beta distribution of (alpha, alpha).
#pragma once

#include <cstdint>

namespace intrain {

// alpha in tenths that there are tables for: 2, 4, 8, and 10, which is uniform.
bool is_mixup_alpha(int alpha_tenths);

// The next image's share in 2^-8, 0 to 128, of alpha > 0 and random bits r. Uniform: floor(129 r / 2^32). Else entry floor(r / 2^25) of a table:
// round(2^8 q), q of which the Beta distribution has the share (entry + 1/2) / 2^8 below it.
int mixup_share(int alpha_tenths, uint32_t r);
// The same of r = bits(52) of RandomStream{seed, kAugment, epoch, sample}.
int random_share(int alpha_tenths, uint64_t seed, uint32_t epoch, uint32_t sample);

// image[i] = rshift_round(image[i] (256 - share) + next[i] share, 8). 0 <= share <= 256.
void mix_images(const int8_t* next, int64_t size, int share, int8_t* image);

}  // namespace intrain
