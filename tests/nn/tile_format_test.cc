// Whole nets on tiles that take other signs and steps than those of x86: the bits of the reference.
#include <gtest/gtest.h>

#include "models/models.h"
#include "support/nets.h"
#include "support/tiles.h"

namespace intrain::test {
namespace {

std::vector<std::vector<uint8_t>> trained(Net (*build)(), const RunSettings& settings) {
  ReadyNet ready(build(), 8, settings);
  ready.train(synthetic_batch(8), 205, 0);
  ready.train(synthetic_batch(5, 8), 205, 1);
  return state_of(ready.net);
}

TEST(TileFormats, NetsGetTheBitsOfTheReference) {
  for (Net (*build)() : {one_of_each, inverted_residuals, one_of_each_stream, padded_shortcuts,
                         +[] { return cifar_resnet(8, 12, 12, 1, 10); }, +[] { return mlp(12, 12, 1, 10); }}) {
    const auto expected = trained(build, {.isa = Isa::kScalar});
    for (const TileKernel* tile : plain_tile_kernels())
      for (const int threads : {1, 3})
        EXPECT_TRUE(trained(build, {.isa = Isa::kScalar, .threads = threads, .tile = tile}) == expected)
            << tile->name << ", threads " << threads;
  }
}

}  // namespace
}  // namespace intrain::test
