#include "core/profile.h"

#include <chrono>

#include "core/check.h"

namespace intrain {

const char* profile_op_name(ProfileOp op) {
  switch (op) {
    case ProfileOp::kConvForward:
      return "conv_forward";
    case ProfileOp::kNormalizeForward:
      return "normalize_forward";
    case ProfileOp::kRecompute:
      return "recompute";
    case ProfileOp::kConvBackwardData:
      return "conv_backward_data";
    case ProfileOp::kConvBackwardWeights:
      return "conv_backward_weights";
    case ProfileOp::kNormalizeBackward:
      return "normalize_backward";
    case ProfileOp::kLinear:
      return "linear";
    case ProfileOp::kPool:
      return "pool";
    case ProfileOp::kSoftmax:
      return "softmax";
    case ProfileOp::kUpdate:
      return "update";
    case ProfileOp::kQuantizeWeights:
      return "quantize_weights";
    case ProfileOp::kOther:
      break;
  }
  return "other";
}

void Profile::begin() { cells_.clear(); }

void Profile::add(int layer, ProfileOp op, int64_t nanoseconds) {
  CHECK_LE(-1, layer);
  const size_t row = static_cast<size_t>(layer + 1);
  if (row >= cells_.size()) cells_.resize(row + 1);
  Cell& cell = cells_[row][static_cast<size_t>(op)];
  cell.nanoseconds += nanoseconds;
  ++cell.calls;
}

std::vector<Profile::Row> Profile::rows() const {
  std::vector<Row> list;
  for (size_t row = 0; row < cells_.size(); ++row)
    for (size_t op = 0; op < kProfileOps; ++op) {
      const Cell& cell = cells_[row][op];
      if (cell.calls > 0) list.push_back({static_cast<int>(row) - 1, static_cast<ProfileOp>(op), cell.nanoseconds, cell.calls});
    }
  return list;
}

int64_t ProfileScope::now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace intrain
