// Describes a net layer by layer. The whole of a model reads like this (see models/):
//
//   NetBuilder net(28, 28, 1, 10);
//   Value* x = net.conv_bn_relu(net.input(), {.k = 16, .size = 3, .stride = 1, .pad = 1});
//   x = net.global_average_pool(x);
//   return net.linear_logits(x);
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/api.h"
#include "core/error.h"
#include "nn/net.h"

namespace intrain {

// What a layer of a pre-activation net makes: the residual stream, and ReLU(batch norm(stream)), which the next block's convolutions
// read. A block may also start from an activation, which is then both.
struct Stream {
  Value* sum;
  Value* relu;
};

struct ConvSpec {
  int k;     // output channels
  int size;  // kernel height and width
  int stride = 1;
  int pad = 0;
  int groups = 1;
  int height = 0;  // of the kernel, 0: `size`; 1 on signals, which are images of one row
};

struct PadShortcutSpec {
  int channels;  // of the output, at least as many as the input has
  int stride = 1;
  int before = -1;  // new channels before those of the input; -1: half of them, rounded down
};

// What a layer of one's own makes: kActivation or kSigned, value = integer * 2^exp.
struct CustomOutput {
  Value::Kind kind;
  int h, w, c;
  int exp;
};

// A layer that cannot be: what() is "<layer>: <problem>".
struct INTRAIN_API LayerError : Error {
  LayerError(const std::string& layer, std::string problem_)
      : Error(layer + ": " + problem_, Setting{"model"}, "nn/builder.h says what each layer takes"),
        problem(std::move(problem_)) {}
  std::string problem;
};

// Every function checks what it is given: it throws LayerError, with the layer's name ("conv3"), for what cannot be, and Error for what does not
// fit the images.
class INTRAIN_API NetBuilder {
 public:
  // Images of h x w x c, `classes` logits.
  NetBuilder(int h, int w, int c, int classes);

  Value* input() { return net_.input_; }
  // Convolution without bias, batch normalization, ReLU.
  Value* conv_bn_relu(Value* in, const ConvSpec& spec) { return conv(in, nullptr, spec, Activation::kRelu); }
  // The same without ReLU: a shortcut branch. It may only be added.
  Value* conv_bn(Value* in, const ConvSpec& spec) { return conv(in, nullptr, spec, Activation::kNone); }
  // ReLU(convolution + bias), without batch norm: for batches too small for its statistics.
  Value* conv_relu(Value* in, const ConvSpec& spec);
  // ReLU(batch norm(convolution) + shortcut). The shortcut has the output's shape; this layer must be its last consumer, because
  // the two then share one error tensor.
  Value* conv_bn_add_relu(Value* in, const ConvSpec& spec, Value* shortcut) {
    return conv(in, shortcut, spec, Activation::kRelu);
  }
  // The same with ReLU6, min(ReLU, 6); the shortcut may be null.
  Value* conv_bn_relu6(Value* in, const ConvSpec& spec, Value* shortcut = nullptr) {
    return conv(in, shortcut, spec, Activation::kRelu6);
  }
  // The same without an activation, in s8: a linear bottleneck, which layers may read.
  Value* conv_bn_linear(Value* in, const ConvSpec& spec, Value* shortcut = nullptr) {
    return conv(in, shortcut, spec, Activation::kLinear);
  }
  // Pre-activation nets: convolution + shortcut; then batch norm and ReLU of that. The shortcut is null where a stream starts, else a
  // stream or an activation of the output's shape; this layer must be its last consumer.
  Stream conv_add_stream(Value* in, const ConvSpec& spec, Value* shortcut);
  // The convolution alone, as a shortcut that is only added to a stream.
  Value* conv_stream(Value* in, const ConvSpec& spec);
  // The shortcut without parameters: every stride-th pixel of every stride-th row of `in`, `before` channels of zeros, those of `in`, and
  // zeros up to spec.channels (ops/shortcut/shortcut.h). `in` is no stream, not normalized and not the images themselves.
  Value* pad_shortcut(Value* in, const PadShortcutSpec& spec);
  Value* max_pool(Value* in, int size, int stride, int pad);
  Value* global_average_pool(Value* in);
  Value* linear_relu(Value* in, int outputs);
  // A layer of one's own (nn/layer.h; examples/custom_layer.cc) that reads `in` and is all that writes its output. make(name, in, out)
  // makes it; its name is `kind` and its number in the net, which what it adds to the state must begin with. `in` is no stream, not
  // normalized and not the images themselves.
  Value* custom(const std::string& kind, Value* in, const CustomOutput& output,
                const std::function<std::unique_ptr<Layer>(std::string name, Value* in, Value* out)>& make);
  // Ends the net.
  Net linear_logits(Value* in);

 private:
  Value* conv(Value* in, Value* shortcut, const ConvSpec& spec, Activation activation);
  Stream stream(Value* in, Value* shortcut, const ConvSpec& spec, bool relu);
  ConvShape conv_shape(const Value* in, const ConvSpec& spec) const;
  void add_shortcut(Value* shortcut, Value* out);
  Value* value(Value::Kind kind, const std::string& name, int h, int w, int c, int exp);
  void consume(Value* in);
  // What a layer may read: everything with a ReLU and bottlenecks; not the images; neither the images nor bottlenecks.
  enum class Sources { kAll, kLayers, kActivations };
  [[noreturn]] void fail(const std::string& kind, const std::string& what) const;
  void check_source(const std::string& kind, const Value* in, Sources sources) const;
  void check_free(const std::string& kind, const Value* in) const;
  void check_range(const std::string& kind, const char* name, int value, int least, int most) const;
  void check_window(bool fits) const;
  void check_sums(int64_t longest) const;
  std::string next_name(const std::string& kind);

  Net net_;
  std::set<const Value*> closed_;  // no layer may read them any more
};

}  // namespace intrain
