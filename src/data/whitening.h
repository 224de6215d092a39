// Filters that whiten the patches of images (Coates, Ng, Lee, 2011): the eigenvectors of the patches' second moments, in integers.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace intrain {

constexpr int kMostWhiteningImages = 5000;
constexpr int kMostPatchElements = 75;  // 5x5 pixels of three channels

// sum of x_i x_j over all patches of height x width pixels that lie within the first kMostWhiteningImages images, as evaluation sees them: n x n, n =
// height width channels, an element's number (row width + column) channels + channel: below
// 2^13 images times 2^32 pixels times 2^14. Throws Error for
// photos, for images smaller than a patch, and for patches of more than kMostPatchElements.
std::vector<int64_t> patch_moments(const Dataset& images, const Normalization& norm, int height, int width);

// The eigenvectors of a symmetric n x n matrix without negative eigenvalues, by falling eigenvalue, of equal ones in the order in which they stand:
// [n][n], a vector a row, of length 1 with 30 fraction bits; the element of the largest magnitude, of equal ones the first, is positive. By
// Jacobi's cyclic rotations of the matrix scaled to a trace below 2^29; a zero matrix gives the unit vectors.
std::vector<int64_t> symmetric_eigenvectors(const std::vector<int64_t>& matrix, int n);

}  // namespace intrain
