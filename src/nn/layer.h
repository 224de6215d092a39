// What a layer is. Start reading the nets here; ops/ holds the arithmetic.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/api.h"
#include "base/formats.h"
#include "base/random.h"
#include "base/shapes.h"
#include "base/widths.h"
#include "core/buffer.h"
#include "core/parallel.h"
#include "core/parameter.h"
#include "core/profile.h"
#include "core/reducer.h"
#include "nn/graph_sink.h"
#include "nn/memory_plan.h"
#include "nn/state.h"
#include "nn/tensor_sink.h"

namespace intrain {

class BatchNorm;
namespace ops {
struct Kernels;
}

// A tensor between layers, [images][h][w][c].
struct Value {
  enum class Kind {
    kInput,       // s8 image
    kActivation,  // u8 after ReLU or pooling
    kSigned,      // s8 after batch norm without ReLU
    kNormalized,  // x_hat s8 with gamma and beta: gamma x_hat + beta, at kScaledExp, formed by whoever reads it
    kStream,      // s16, a sum of convolutions that is not normalized; it may only be added
  };
  Kind kind = Kind::kActivation;
  std::string name;
  int h = 0, w = 0, c = 0;
  int exp = 0;
  int producer = -1;       // layer; -1: the net's input
  int last_consumer = -1;  // layer

  const void* data = nullptr;     // u8, or s8 of the input and of kSigned
  uint8_t* output = nullptr;      // the same, for the producer of a kActivation or kSigned
  const int8_t* x_hat = nullptr;  // kNormalized
  const int8_t* gamma = nullptr;
  const int8_t* beta = nullptr;
  int16_t* stream = nullptr;  // kStream
  // Of a kStream: who normalizes it, and the sums that it goes into. All have one exponent, that of the widest.
  std::shared_ptr<std::vector<const BatchNorm*>> norms;

  // E1: the loss gradient here, s16 with an exponent and a true maximum an image. A shortcut shares the error of the sum it goes
  // into.
  struct Gradient {
    int16_t* data = nullptr;
    int32_t *exp = nullptr, *max = nullptr;
    bool written = false;    // by a consumer, in this backward pass
    bool top_begun = false;  // LayerContext::begin_top()
    int64_t top = 0;
    int buffer = -1, scale_buffer = -1;  // in the plan; of data, and of exp and max
    int first = 0, last = 0;
  };
  // Null: not needed, by the images themselves or, from prepare() on, by what is made below the lowest layer that learns.
  std::shared_ptr<Gradient> error;
  bool keeps_error = false;  // read by a custom layer, which need not know that

  bool readable() const { return kind != Kind::kNormalized && kind != Kind::kStream; }  // by any layer; the others are only added
  bool is_signed() const { return kind == Kind::kInput || kind == Kind::kSigned; }
  int64_t pixels() const { return int64_t{h} * w; }
  int64_t elements() const { return pixels() * c; }
  bool takes_top = false;  // the layer that makes it calls LayerContext::top() for its error
  int data_buffer = -1;
};

// What a backward pass hands each parameter to when its gradient is complete. It may change what is stored of the parameter; the
// memory of the gradient serves others afterwards; on several ranks it stays, for gradients that are not reduced already, until kLayersLater
// more layers have gone backward, or all have.
class INTRAIN_API GradientSink {
 public:
  static constexpr int kLayersLater = 4;
  virtual void gradient(Parameter& p) = 0;
  // All of a layer's have been handed over; of all layers.
  virtual void layer_done() {}
  virtual void pass_done() {}

 protected:
  ~GradientSink() = default;
};

// The mean and deviation that batch norm takes in forward(). The running ones are constants to backward().
enum class Statistics : uint8_t {
  kBatch,    // the batch's, which go into the running ones
  kRunning,  // the running ones, into which the batch's go after: for batches too small to have statistics
  kFrozen,   // the running ones, which stay
};

// What a pass is handed. Ranks, threads and the instruction set reach a layer only through this.
struct LayerContext {
  const ops::Kernels& kernels;
  ThreadPool& pool;
  Reducer& reducer;
  int count;              // images of this batch, here
  int64_t global_count;   // over all ranks
  uint32_t first_sample;  // of this batch's images among those of all ranks
  uint64_t seed;          // of the random numbers
  uint32_t step;
  const Widths& widths;
  uint32_t layer_number = 0;                   // in the net, of the one whose backward pass it is
  Profile* profile = nullptr;                  // null: time is not taken
  GradientSink* gradients = nullptr;           // of a backward pass
  TensorSink* tensors = nullptr;               // null: none looks
  Statistics statistics = Statistics::kBatch;  // of a pass of training
  bool ends_pass = false;                      // no other layer goes backward after this one

  void finish(Parameter& p) const {
    if (gradients != nullptr && p.learns()) gradients->gradient(p);
  }
  template <class Integer>
  void show(const std::string& layer, TensorKind kind, const Integer* data, int64_t elements, int exp) const {
    if (tensors != nullptr) tensors->tensor(layer, kind, data, elements, exp);
  }
  // To its width, once E1 of image n is formed, of this layer's input or, for the residual streams that layers form, output. Returns its
  // maximum, which was `max`.
  int32_t narrow_error(int64_t n, int16_t* error, int64_t elements, int32_t max, bool of_input = true) const;
  // The largest unit of E1 over all ranks (ops::error_top), which is complete and no other layer will add to. If the layer that goes backward
  // next takes it, it can be begun before this layer multiplies its weights, so that they fill the wait.
  void begin_top(const Value& in) const;
  int64_t top(Value::Gradient& error) const;
  // Of image n's E2 in this layer.
  ErrorRandom error_random(int64_t n) const {
    return product_error_random(seed, step, layer_number, first_sample + static_cast<uint32_t>(n));
  }
};

// The matrix product in a layer, for whoever counts operations.
struct LayerProduct {
  ConvShape shape;
  bool backward_data;  // its input has an error
};

// What plan() is handed.
struct LayerPlan {
  MemoryPlan& memory;
  const ops::Kernels& kernels;
  int index, layers;
  int max_batch, threads;  // images here
  int64_t global_batch;    // the most over all ranks
  bool training;
  int lowest;     // layer with a parameter to learn; those below have no backward pass
  int recompute;  // Net::recompute()

  bool backward() const { return training && index >= lowest; }  // this layer has one
  int forward_time() const { return index; }
  int backward_time() const { return 2 * layers - index; }
  // Live during the forward (backward) pass of this layer only.
  int forward_buffer(const std::string& name, size_t bytes) { return memory.add(name, bytes, index, index); }
  int backward_buffer(const std::string& name, size_t bytes) { return memory.add(name, bytes, backward_time(), backward_time()); }
  // Live from this layer's forward to its backward.
  int kept_buffer(const std::string& name, size_t bytes) {
    return memory.add(name, bytes, index, backward() ? backward_time() : index);
  }
  // Live all the time.
  int lasting_buffer(const std::string& name, size_t bytes) { return memory.add(name, bytes, 0, 2 * layers + 1); }
};

// Specification. plan() is called once, before all else, and asks for every byte the layer will need but those of its parameters, which the
// net plans; bind() once the plan is packed and the parameters lie in it. forward() uses the batch's statistics, unless they are frozen, and keeps
// what backward() needs; evaluate() uses the running ones. backward() reads the error of its outputs, overwrites the gradients of its parameters
// that learn and adds to the error of its inputs that have one; layers run backward in exact reverse order, once after each forward.
// quantize_parameters() follows each change of the stored parameters. No pass allocates.
class INTRAIN_API Layer {
 public:
  explicit Layer(std::string name) : name_(std::move(name)) {}
  virtual ~Layer() = default;
  const std::string& name() const { return name_; }
  // Before plan().
  void set_widths(const Widths& widths) { widths_ = widths; }

  virtual void plan(LayerPlan& plan) = 0;
  virtual void bind(const MemoryPlan& plan, uint8_t* memory) = 0;
  virtual void reset_statistics() {}  // the running ones, to those of a new net
  virtual void quantize_parameters(const ops::Kernels&, ThreadPool&) {}
  virtual void forward(const LayerContext& context) = 0;
  virtual void evaluate(const LayerContext& context) = 0;
  virtual void backward(const LayerContext& context) = 0;
  virtual void parameters(std::vector<Parameter*>&) {}
  virtual void state(std::vector<StateArray>&) {}  // beyond the parameters
  virtual std::optional<LayerProduct> product() const { return {}; }
  virtual void describe(GraphSink& sink) = 0;  // what evaluate() does; once after quantize_parameters()

 protected:
  std::string name_;
  Widths widths_;
  uint32_t number_ = 0;  // in the net, set by plan(): keeps the times of layers apart
};

}  // namespace intrain
