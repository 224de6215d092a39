// A net as tables, for machines without an operating system: what each layer computes and where its numbers lie. Constants lie in one block (in
// flash), all that changes in another, the arena, at offsets known when the program is compiled. Functions over them: forward.h, step.h.
//
// Nets that are a chain of layers, in the default number formats (base/widths.h). Batch norm takes its running statistics, which stay.
#pragma once

#include <cstdint>

#include "base/sgd_step.h"
#include "base/shapes.h"

namespace intrain::micro {

// Constants lie as the program that exported them wrote them, and states and records are read on other machines. Products of 16 bits are computed
// in int.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && sizeof(int) >= 4);

constexpr uint32_t kNone = 0xffffffff;  // an offset of nothing

enum class LayerKind : uint8_t {
  kConvNorm,     // convolution, batch norm, ReLU
  kProductRelu,  // convolution or fully connected layer with bias and ReLU
  kLogits,       // fully connected layer with bias, the last one
  kMaxPool,
  kAveragePool,
};

// Offsets in bytes: of constants in the block of constants, of the others in the arena.
using Constant = uint32_t;
using Place = uint32_t;

// A tensor that learns.
struct Tensor {
  int32_t count;  // 0: there is none, or it stays as it is
  int32_t grad_bits;
  uint32_t number;     // in the net, for the random numbers
  Constant name;       // ends with a 0, for the signature
  Constant first;      // s32, at kMasterExp: as it is exported
  Place master;        // s32
  Place momentum;      // s16, or kNone: none is kept
  Place momentum_exp;  // s32
};

// What products and the norm take of the parameters of a layer that stays as it is, used where they lie. The arrays but weight8 have an element an
// output channel.
struct Fixed {
  Constant weight8;  // s8
  int32_t weight_exp;
  Constant bias;                          // s32 at the exponent of the sums
  Constant stage, mult, offset, f_shift;  // s32: ops::StageS16, ops::Activate
  Constant gamma, beta;                   // s8
};

// Memory that a layer takes in one pass.
struct Scratch {
  Place sums;     // s32: of a product, and of its backward pass
  Place staged;   // s16
  Place weight8;  // what Fixed says, made anew of a layer that learns
  Place bias, stage, mult, offset, f_shift, sigma, gamma, beta;
  Place error8;                 // E2
  Place grad;                   // s32: sums of the weights' gradient; scratch of all updates
  Place k, b, a, channel_sums;  // ops::NormBackward; 2 s64 a channel
};

struct Layer {
  LayerKind kind;
  ConvShape shape;    // of the product, a fully connected one as ops/conv2d/conv2d.h says; of an average pool h, w, c and k = c
  MaxPoolShape pool;  // kMaxPool
  int32_t in_exp, out_exp;
  int32_t top;                         // of the output: ops::activation_top
  Place in, out;                       // u8, of the net's input s8; out of kLogits: s32
  Place kept;                          // kConvNorm: x_hat; kMaxPool: which tap won
  Place in_error, out_error;           // Error; in_error kNone: nothing below learns
  Tensor weight, gamma, beta;          // beta: the bias where there is no norm
  Constant name;                       // as of a tensor
  Constant running_mean, running_var;  // s64
  Fixed fixed;
  Scratch forward, backward;

  bool learns() const { return weight.count > 0; }
};

// E1 of a value: this, and behind it the s16 elements.
struct Error {
  int32_t exp, max;
  int16_t* elements() { return reinterpret_cast<int16_t*>(this + 1); }
};

// What is left of a step, and what a saved state holds: at the beginning of the arena, before the tensors that learn.
struct Progress {
  uint32_t steps;
  int32_t zero;
  Scalar10 rate;
};

struct Net {
  const Layer* layers;
  int32_t layer_count;
  int32_t classes;
  int32_t learning_layers;  // the last so many that have parameters; 0: it predicts only
  uint32_t arena_bytes;
  uint32_t state_bytes;  // of the arena's beginning: Progress, parameters and momentum, zeros between
  uint64_t identity;     // of the net and all of it that stays: what a saved state belongs to
  Constant hashed;       // a Hash that has the tensors before the first one that learns; kNone: there are none
  Place input;
  const uint8_t* constants;  // aligned to 8
  SgdStep first_step;        // the numbers of a step; its rate is that of the beginning, its number 0
};

// Both blocks as what lies in them.
template <class T>
const T* constant(const Net& net, Constant at) {
  return reinterpret_cast<const T*>(net.constants + at);
}
template <class T>
T* place(uint8_t* arena, Place at) {
  return reinterpret_cast<T*>(arena + at);
}
template <class T>
const T* place(const uint8_t* arena, Place at) {
  return reinterpret_cast<const T*>(arena + at);
}
inline Progress& progress(uint8_t* arena) { return *place<Progress>(arena, 0); }
inline const Progress& progress(const uint8_t* arena) { return *place<Progress>(arena, 0); }

}  // namespace intrain::micro
