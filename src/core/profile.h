// Where the time of a step goes: nanoseconds by layer and operator. Whoever measures hands a Profile to the net; without one, a scope
// is a test of a null pointer.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/api.h"

namespace intrain {

enum class ProfileOp {
  kConvForward,       // the product, staged; in an evaluation, all of the layer
  kNormalizeForward,  // statistics, x_hat, residual sum and ReLU
  kRecompute,         // the product and x_hat once more (Net::recompute)
  kConvBackwardData,  // with the staging of E1
  kConvBackwardWeights,
  kNormalizeBackward,  // E1 to E2, gradients of gamma and beta
  kLinear,             // all passes
  kPool,               // both passes
  kSoftmax,            // with the quantization of its error
  kUpdate,
  kQuantizeWeights,
  kOther
};
constexpr int kProfileOps = static_cast<int>(ProfileOp::kOther) + 1;

// "conv_forward" and so on.
INTRAIN_API const char* profile_op_name(ProfileOp op);

class INTRAIN_API Profile {
 public:
  struct Row {
    int layer;
    ProfileOp op;
    int64_t nanoseconds;
    int64_t calls;
  };

  // Forgets all that was added.
  void begin();
  // layer: its place in the net, -1 for the net as a whole. Wall time, so only from the thread that runs the step. Allocates at the
  // first row of a layer.
  void add(int layer, ProfileOp op, int64_t nanoseconds);
  // What was added, by layer, then by operator; those never called are left out.
  std::vector<Row> rows() const;

 private:
  struct Cell {
    int64_t nanoseconds = 0, calls = 0;
  };
  std::vector<std::array<Cell, kProfileOps>> cells_;  // of layer + 1
};

// Adds its lifetime to a profile; does nothing where that is null. Scopes must not overlap, or time would count twice.
class INTRAIN_API ProfileScope {
 public:
  ProfileScope(Profile* profile, int layer, ProfileOp op) : profile_(profile), layer_(layer), op_(op) {
    if (profile_ != nullptr) start_ = now();
  }
  ~ProfileScope() {
    if (profile_ != nullptr) profile_->add(layer_, op_, now() - start_);
  }
  ProfileScope(const ProfileScope&) = delete;
  ProfileScope& operator=(const ProfileScope&) = delete;

 private:
  static int64_t now();  // nanoseconds of a steady clock

  Profile* profile_;
  int layer_;
  ProfileOp op_;
  int64_t start_ = 0;
};

}  // namespace intrain
