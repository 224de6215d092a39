// Batch normalization and what follows it inside a layer: an optional residual sum, an optional activation. What is normalized is s16 and
// lives only inside the layer; kept for backward is x_hat, or it is formed again.
#pragma once

#include <string>
#include <vector>

#include "nn/layer.h"
#include "nn/planned_array.h"
#include "ops/activate/activate.h"
#include "ops/batch_norm/channels.h"

namespace intrain {

class BatchNorm {
 public:
  // shortcut: null, or added before the activation; not with Activation::kNone. out: of the kind that the activation says.
  BatchNorm(std::string layer, Value* shortcut, Value* out, Activation activation);

  // Throws Error if the sums of a batch could overflow (kMaxCountLog2).
  // keep: x_hat from forward to backward; else normalize_again() comes first there.
  void plan(LayerPlan& plan, const Widths& widths, bool keep = true);
  void bind(const MemoryPlan& plan, uint8_t* memory);
  void reset_statistics();
  // Channel c of the input has the exponent exp + shift[c]; shift null: exp.
  void quantize_parameters(const ops::Kernels& kernels, int exp, const int32_t* shift);
  // The exponent that a stream needs of which these are the running statistics (ops::stream_exp).
  int stream_exp() const;
  void parameters(std::vector<Parameter*>& list) { list.insert(list.end(), {&gamma_, &beta_}); }
  void state(std::vector<StateArray>& list);

  // Training: begin_sums(), add_sums() for all of the input y, forward(). Frozen statistics need no sums.
  void begin_sums();
  void add_sums(const ops::Kernels& kernels, const int16_t* y, int64_t rows, int thread);
  void forward(const LayerContext& context, const int16_t* y);
  // Evaluation, once: the running mean and variance become one multiply and one shift a channel.
  void fold_running_statistics();
  // Then rows [first, first + rows) of the batch, on any thread.
  void evaluate_strip(const LayerContext& context, int64_t first, int64_t rows, const int16_t* y) const;

  // Before backward(), where x_hat is not kept: rows [first, first + rows) of the batch once more, on any thread. scratch: [rows][channels].
  void normalize_again(const LayerContext& context, int64_t first, int64_t rows, const int16_t* y, uint8_t* scratch) const;
  void show_output(const LayerContext& context) const;  // of the last pass, if there is an activation

  NormGraph describe();  // evaluation, folded

  // E1 of the output is aligned and masked in place; the gradients of gamma and beta. Returns the exponent of v (ops/batch_norm).
  int backward(const LayerContext& context);
  // Then: v of `rows` rows of image n from `first` on.
  ops::NormBackward error(int64_t n, int64_t first, int64_t rows) const;
  void finish(const LayerContext& context);

 private:
  bool activates() const { return activation_ != Activation::kNone; }
  ops::NormMaps maps() { return {sigma_.data(), mult_.data(), offset_.data(), affine_shift_.data()}; }
  void add_thread_sums(const PlannedArray<int64_t>& sums) const;  // into those of thread 0
  void statistics(const LayerContext& context);
  void normalize_and_activate(const LayerContext& context, int64_t first, int64_t rows, const int16_t* y, int8_t* x_hat) const;
  void normalize(const LayerContext& context, int64_t rows, const int16_t* y, int8_t* x_hat) const;
  ops::Activate activate(const int16_t* y, int64_t rows, int8_t* x_hat, uint8_t* dst) const;

  std::string layer_;
  Value *shortcut_, *out_;
  Activation activation_;
  Widths widths_;
  int layer_index_ = 0;
  Parameter gamma_, beta_;
  PlannedArray<int64_t> running_mean_, running_var_;  // kRunningExp
  PlannedArray<int8_t> gamma8_, beta8_;
  ops::NormInput in_{};
  ops::NormGrid grid_{};
  ops::ActivationGrid out_grid_{};

  // Per channel, of the last pass.
  PlannedArray<uint32_t> sigma_;
  PlannedArray<int32_t> mult_, offset_, affine_shift_, k_, b_, a_, align_;  // align_: an image
  PlannedArray<int64_t> sums_, error_sums_;                                 // [threads][2][channels]
  bool folded_ = false;  // mult_, offset_ and affine_shift_ are those of the running statistics

  int x_hat_buffer_ = -1, back_buffer_ = -1;
  int8_t* x_hat_ = nullptr;       // of forward; null where nothing reads it
  int8_t* back_x_hat_ = nullptr;  // of backward: the same, if it is kept
};

}  // namespace intrain
