#include "ops/gemm/gemm.h"

namespace intrain::ops {
namespace {

template <class A>
void gemm(int m, int n, int k, const A* a, int64_t lda, const int8_t* b, int64_t ldb, int32_t* c, int64_t ldc) {
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) {
      int64_t sum = 0;
      for (int p = 0; p < k; ++p) sum += int64_t{a[i * lda + p]} * b[p * ldb + j];
      c[i * ldc + j] = static_cast<int32_t>(sum);
    }
}

}  // namespace

void gemm_reference(int m, int n, int k, const uint8_t* a, int64_t lda, const int8_t* b, int64_t ldb, int32_t* c, int64_t ldc) {
  gemm(m, n, k, a, lda, b, ldb, c, ldc);
}

void gemm_reference(int m, int n, int k, const int8_t* a, int64_t lda, const int8_t* b, int64_t ldb, int32_t* c, int64_t ldc) {
  gemm(m, n, k, a, lda, b, ldb, c, ldc);
}

}  // namespace intrain::ops
