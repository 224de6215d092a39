// A network: layers in order, their parameters, and one planned block of memory. Build it with nn/builder.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/api.h"
#include "core/batch.h"
#include "core/buffer.h"
#include "core/parallel.h"
#include "core/profile.h"
#include "core/reducer.h"
#include "nn/layer.h"
#include "nn/memory_plan.h"
#include "nn/runtime.h"
#include "nn/state.h"

namespace intrain {

class LinearLogits;

class INTRAIN_API Net {
 public:
  Net(Net&&) = default;
  Net& operator=(Net&&) = default;

  // Before prepare(), else Error: every Parameter::grad keeps its sums after backward(), in memory of its own.
  void keep_gradients();
  // Before prepare(), else Error: whether the optimizer's momentum has memory and is part of the state. Without it steps take a momentum of 0.
  void keep_momentum(bool keep);
  // Before prepare(), else Error: whether the net, prepared for training, keeps an exponential average of its parameters that are not frozen and of
  // its running statistics (ops/weight_average/weight_average.h), which is part of the state.
  void keep_average(bool keep);
  bool keeps_average() const { return training_ && keep_average_; }
  // The average is what there is now. initialize() ends so; whoever sets parameters after it may, too.
  void begin_average();
  // After step `step`, counted from 0: by average_shift(most_shift, step). Throws Error for a shift of other than 1 to 16, and if none is kept.
  void update_average(int most_shift, uint64_t seed, int64_t step);
  // Exchanges the numbers, not the places, of averages and averaged, and quantizes the parameters; nothing if no average is kept. Training takes it
  // back before it goes on.
  void swap_average();
  // Before prepare(), else Error: other widths than those of Widths{}.
  void set_widths(const Widths& widths);
  const Widths& widths() const { return widths_; }
  // Gradient accumulation: the loss is the mean over `batches` batches, 1 .. 65536, and backward() gives the share of each in the gradient. Throws
  // Error for other numbers.
  void set_batches_per_step(int batches);
  // Of the loss, times 2^30: 0 .. 2^30. Throws Error for other numbers.
  void set_label_smoothing(int64_t smoothing);
  // Before prepare(), else Error: x_hat of convolutions with batch norm (nn/conv_bn.h) whose outputs are sums of up to `products` products is not
  // kept from forward to backward, but formed of the input again, by one more product: the same numbers in less memory. 0, as at first: all is
  // kept. Throws Error for negative numbers.
  void recompute(int products);
  // The logits, in training and evaluation, are those of the last layer times 2^-shift, 0 .. 16. Throws Error for other numbers.
  void set_logit_shift(int shift);
  // What forward() takes from now on; kBatch at first.
  void set_statistics(Statistics statistics) { statistics_ = statistics; }
  void freeze_statistics(bool frozen) { set_statistics(frozen ? Statistics::kFrozen : Statistics::kBatch); }
  // Plans and takes all memory for batches of up to max_batch images, over all ranks of the runtime (core/slice.h),
  // memory().total_bytes(); nothing is allocated after, and little was before.
  // `training`: with a backward pass. Parameters that are frozen (Parameter::frozen) take neither momentum nor gradients, and below the lowest layer
  // that learns nothing is kept for a backward pass. Once. Throws Error if batches are too large for a layer's sums, or the net
  // takes more memory than the machine has (core/memory.h), before it is taken; and if there is no runtime.
  void prepare(int max_batch, bool training, std::shared_ptr<Runtime> runtime);

  // A new net: stored parameters from RandomUse::kInit, fresh running statistics; a function of the seed alone.
  void initialize(uint64_t seed);
  // W in 8 bits from the stored W. Once after initialize, loading, and each update.
  void quantize_parameters();
  // The same where nothing but sgd_update has changed parameters since: it has seen the largest of each.
  void quantize_updated();

  // What a step takes: 1 to max_batch images, on each of several ranks its own of them (core/batch.h), all their pixels, a label of a class for
  // each, and where they are mixed another with its share. Throws Error for others, as the passes do for what they read; here before anything has
  // changed.
  void check_batch(const Batch& batch) const;
  // Forward with the statistics that set_statistics() says / with the running ones. After either: logits() is [count][classes].
  void forward(const Batch& batch);
  void evaluate(const Batch& batch);
  // Loss gradient and all parameter gradients (exact sums in Parameter::grad), once after each forward, each handed to the sink as
  // soon as it is complete. The sink may be null if gradients are kept, else Error. seed and step: of the random bits that round E2. Frozen
  // parameters get no gradient, and it ends with the lowest layer that has one that is not frozen.
  void backward(const Batch& batch, uint64_t seed, uint32_t step, GradientSink* sink = nullptr);

  // Every layer in order, of the parameters as they are.
  void describe(GraphSink& sink);

  const int32_t* logits() const;
  int logits_exp() const;
  int classes() const { return classes_; }
  const std::string& head_name() const;  // of the layer that ends in logits
  int height() const { return h_; }
  int width() const { return w_; }
  int channels() const { return c_; }
  const std::vector<Parameter*>& parameters() const { return parameters_; }
  int64_t parameter_count() const;
  int32_t master_most(const Parameter& p) const;  // |W| of a stored one is at most that
  // Everything a checkpoint holds of the net, in a fixed order. Before prepare(): without the optimizer's, and without the numbers.
  std::vector<StateArray> state();
  // Time goes there from now on, from the passes and quantize_parameters(); null, as at first: none is taken. It must outlive the net.
  void set_profile(Profile* profile) { profile_ = profile; }
  Profile* profile() const { return profile_; }
  // The tensors of forward and backward passes, and the activations of evaluate(), are shown there from now on; null, as at first: to none.
  void set_tensor_sink(TensorSink* sink) { tensor_sink_ = sink; }
  TensorSink* tensor_sink() const { return tensor_sink_; }
  // As given to prepare().
  Runtime& runtime() const { return *runtime_; }
  const MemoryPlan& memory() const { return plan_; }
  const std::vector<std::unique_ptr<Layer>>& layers() const { return layers_; }

 private:
  friend class NetBuilder;
  Net() = default;
  LayerContext context(const Batch& batch);
  void go_backward(LayerContext& context);
  void check_prepared() const;
  void check_images(const Batch& batch) const;
  void check_not_prepared(const char* setting) const;
  void check_training() const;
  struct ParameterBuffers {
    int master = -1, momentum = -1, average = -1, grad = -1, wire = -1;
    bool narrow = false;  // grad is s32
  };
  struct AveragedStatistic {
    StateArray now;
    int64_t* average;
    int64_t* numbers() const { return static_cast<int64_t*>(now.data); }
  };
  std::vector<StateArray> statistics();
  std::vector<int> plan_averages();  // of statistics
  void bind_averages(const std::vector<int>& buffers);
  int lowest_learning() const;
  std::vector<ParameterBuffers> plan_parameters();
  void plan_values();
  void plan_errors();

  int h_ = 0, w_ = 0, c_ = 0, classes_ = 0;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<std::unique_ptr<Value>> values_;
  std::vector<Parameter*> parameters_;
  Value* input_ = nullptr;
  LinearLogits* head_ = nullptr;
  MemoryPlan plan_;
  AlignedBuffer memory_;
  Widths widths_;
  int max_batch_ = 0;  // of all ranks
  int most_here_ = 0;  // of them
  int lowest_ = 0;     // layer with a backward pass, as planned
  int recompute_ = 0;
  std::vector<std::vector<Parameter*>> layer_parameters_;  // of each layer
  bool training_ = false, keep_gradients_ = false, keep_momentum_ = true, keep_average_ = false;
  std::vector<AveragedStatistic> averages_;
  Statistics statistics_ = Statistics::kBatch;
  std::shared_ptr<Runtime> runtime_;
  Profile* profile_ = nullptr;
  TensorSink* tensor_sink_ = nullptr;
};

}  // namespace intrain
