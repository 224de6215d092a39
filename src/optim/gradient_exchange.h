// Gradients on their way over the ranks, several at a time, while the backward pass goes on.
//
// A gradient takes kLayers steps, between which it is with the reducer:
//   1. a bound of its sums: max |g| of each rank, added up
//   2. packed to the fewest of 16, 24, 32 and 64 bits that hold numbers within the bound, and summed: each rank has the sums of its slice
//   3. max |g| of the sums, which sets t (ops/sgd_momentum)
//   4. G of the slice, rounded by its owner with the bits of each element, to all ranks in 8 bits (grad_bits > 8: 16)
// It ends as G at e_g + t, of which the optimizer makes the same as of the sums. Where the sums themselves are wanted they take the place of G,
// packed as in 2, and there is no step 3.
#pragma once

#include <array>
#include <cstdint>

#include "core/parallel.h"
#include "core/parameter.h"
#include "core/reducer.h"
#include "ops/kernels.h"

namespace intrain {

class GradientExchange {
 public:
  // A gradient is there when so many more layers are done after its own.
  static constexpr int kLayers = 4;

  // What the optimizer will round by: null for sums. All must outlive it. Allocates nothing. Whoever leaves it with gradients under way
  // makes the reducer give up.
  GradientExchange(Reducer& reducer, const ops::Kernels& kernels, ThreadPool& pool, const SgdStep* rounding)
      : reducer_(reducer), kernels_(kernels), pool_(pool), rounding_(rounding) {}

  // Begins with a gradient of this rank, whose memory and wire it has until `done` is called with it: here, in advance() or in finish(), in the
  // same order on all ranks. They throw Error when a rank fails.
  template <class Done>
  void add(Parameter& p, const Done& done) {
    while (size_ == Reducer::kMostUnderWay) advance_oldest(done);
    begin(p);
  }
  // A layer is done: what was begun before it goes on.
  template <class Done>
  void advance(const Done& done) {
    while (ripe_ > 0) advance_oldest(done);
    ripe_ = size_;
  }
  // All that are left.
  template <class Done>
  void finish(const Done& done) {
    while (size_ > 0) advance_oldest(done);
  }

 private:
  enum class Stage { kBound, kScatter, kMax, kGather };
  struct Item {
    Parameter* parameter;
    Stage stage;
    int bytes;                  // of a packed sum
    int64_t value;              // that is reduced: of the stages that are about one number
    Reducer::Place place = {};  // its own, not that of the layer that is being computed by then
  };

  template <class Done>
  void advance_oldest(const Done& done) {
    if (Parameter* p = advance_oldest()) done(*p);
  }
  Item& at(int i) { return items_[static_cast<size_t>((first_ + i) % Reducer::kMostUnderWay)]; }
  void begin(Parameter& p);
  Parameter* advance_oldest();  // null: it is not yet there
  void scatter(Item& item);
  void maximum(Item& item);
  void gather(Item& item);
  void gather_sums(Item& item);
  void take(const Item& item);
  uint64_t max_of(const Parameter& p, int64_t begin, int64_t end);

  Reducer& reducer_;
  const ops::Kernels& kernels_;
  ThreadPool& pool_;
  const SgdStep* rounding_;
  // With the reducer, in the order in which they are: from first_ on.
  std::array<Item, Reducer::kMostUnderWay> items_;
  int first_ = 0, size_ = 0;
  int ripe_ = 0;  // begun before this layer
};

}  // namespace intrain
