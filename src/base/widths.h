// How many bits each kind of number of a training run has, and how it is rounded: the settings of `intrain train --set`.
//
// A width below that of its storage keeps the storage, the exponent and the range, on a coarser grid: k of 8 bits are the multiples of
// 2^(8-k) between +-(2^(k-1) - 1) 2^(8-k), or between 0 and (2^k - 1) 2^(8-k), rounded once (E1: once more, from its s16).
#pragma once

namespace intrain {

struct Widths {
  int w = 8;       // W as it enters the products
  int a = 8;       // A, outputs of ReLUs and of linear bottlenecks
  int g = 8;       // G of weights; gamma, beta and biases have 16
  int e1 = 16;     // E1, errors at activations
  int e2 = 8;      // E2, errors that enter the products; above 8 in two s8 planes
  int x_hat = 16;  // normalized values as the output is formed from them, 16 or at most 8; the backward pass has 8 at most
  int gamma = 8;   // as they multiply x_hat
  int beta = 8;    // and are added
  int mu = 32;     // significant bits of a channel's mean
  int sigma = 32;  // of its standard deviation
  int momentum = 16;
  int rate = 10;               // significant bits of the learning rate
  int w_stored = 32;           // stored parameters: 8 bits before the binary point, the sign among them, the rest after it
  bool flag_e2 = false;        // E2 in the paper's 8 bits with a flag: two s8 planes, of which one is 0 (e2 is 8)
  bool nearest_e = false;      // E2 to nearest instead of stochastically
  bool nearest_g = false;      // G to nearest
  bool stochastic_e1 = false;  // E1 of fewer than 16 bits stochastically instead of to nearest
  // Of WAGEUBN (docs/wageubn.md):
  bool fixed_w = false;      // W on the fixed grid 2^-7 instead of one exponent a layer
  bool constant_g = false;   // G by constant quantization, all of the optimizer on fixed grids (ops/sgd_momentum/wageubn.h)
  bool fan_in_init = false;  // W of convolutions at first from a truncated normal distribution of deviation 1 / sqrt(fan in)

  constexpr int e2_planes() const { return flag_e2 || e2 > 8 ? 2 : 1; }
  constexpr int e2_plane_shift() const { return flag_e2 ? 7 : 8; }  // the upper plane's exponent less the lower's
  // Bits of the shift quantization that the upper plane (the only one, where there is one) has the exponent of.
  constexpr int e2_bits() const { return e2 > 8 ? e2 : 8; }
  bool operator==(const Widths&) const = default;
};

}  // namespace intrain
