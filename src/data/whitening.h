// Filters that whiten the patches of images (Coates, Ng, Lee, 2011): the eigenvectors of the patches' second moments, in integers.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace intrain {

constexpr int kMostWhiteningImages = 5000;
constexpr int64_t kMostWhiteningPatches = 5000 * 32 * 32;  // images of up to 32x32 pixels give all
constexpr int kMostPatchElements = 75;                     // 5x5 pixels of three channels

// sum of x_i x_j over all patches of height x width pixels that lie within the first images, as evaluation sees them: n x n, n = height width
// channels, an element's number (row width + column) channels + channel. Of the first kMostWhiteningImages images as many as have
// kMostWhiteningPatches patches between them, but at least one: a sum is below 2^32 pixels of an image times 2^14. Throws Error for photos, for
// images smaller than a patch, for patches of more than kMostPatchElements, and once *stop is not 0 (core/stop.h).
std::vector<int64_t> patch_moments(const Dataset& images, const Normalization& norm, int height, int width,
                                   const std::atomic<int>* stop = nullptr);

// The eigenvectors of a symmetric n x n matrix without negative eigenvalues, n from 1 to kMostPatchElements, its trace below 2^63 (no element is
// above it then), by falling eigenvalue, of equal ones in the order in which they stand: [n][n], a vector a row, of length 1 with 30 fraction
// bits; the element of the largest magnitude, of equal ones the first, is positive. By Jacobi's cyclic rotations of the matrix scaled to a trace
// below 2^29; a zero matrix gives the unit vectors.
std::vector<int64_t> symmetric_eigenvectors(const std::vector<int64_t>& matrix, int n);

}  // namespace intrain
