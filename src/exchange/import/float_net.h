// A net trained elsewhere, in floating point, and where its numbers go in a net of ours.
//
// The convolutions, batch norms and linear layers of both nets stand one beside the other; how they were found in the file is the business
// of exchange/import/safetensors.cc and exchange/import/onnx.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/net.h"

namespace intrain {

// A step of our net, in the order of its layers. Pointers are into the net, and stay valid as long as it lives.
struct NetStep {
  enum class Kind { kConv, kLinear, kMaxPool, kAveragePool, kPadShortcut };
  Kind kind;
  std::string name;  // of the layer
  const Value* in = nullptr;
  const Value* shortcut = nullptr;  // kConv: added, or null
  const Value* out = nullptr;       // null: the logits
  ConvShape conv = {};              // kConv
  MaxPoolShape pool = {};           // kMaxPool
  PadShortcutShape pad = {};        // kPadShortcut
  bool relu6 = false;               // kConv

  // Of the net's state.
  Parameter *weight = nullptr, *gamma = nullptr, *beta = nullptr, *bias = nullptr;
  int64_t *running_mean = nullptr, *running_var = nullptr;

  bool learns() const { return kind == Kind::kConv || kind == Kind::kLinear; }
};

// The net: prepared and initialized. Throws Error for a net with pre-activation blocks: its batch norms follow sums, not convolutions.
std::vector<NetStep> net_steps(Net& net, const std::string& model);

// What a step learned, as numbers and in the order of our tensors.
struct FloatLayer {
  std::string source;           // names in the file, for people
  std::vector<float> weight{};  // convolution: [k][kh][kw][c of a group]; linear: [outputs][h][w][c] of its input
  std::vector<float> bias{};    // linear: outputs; a folded convolution: k
  bool folded = false;          // a convolution whose batch norm is in weight and bias: the four below are to be estimated
  // Batch norm after a convolution: gamma (y - mean) / sqrt(variance) + beta; the epsilon is in the variance.
  std::vector<double> gamma{}, beta{}, mean{}, variance{};
};

// From PyTorch's order, [k][c of a group][kh][kw], or [outputs][c][h][w] for the h x w pixels of c channels that a linear layer reads.
std::vector<float> channels_last(const NetStep& step, const std::vector<float>& weight);

// The shape that the file must have of a step's weight, in PyTorch's order.
std::vector<int64_t> weight_shape(const NetStep& step);
std::string shape_text(const std::vector<int64_t>& shape);

// Of the bits of an IEEE half-precision number.
float half_value(uint16_t bits);

constexpr double kTorchEpsilon = 1e-5;  // of batch norm, where the file has none

// One layer for each step that learns, in order; last: the step of the logits, whose layer is left empty if `new_head`. Both throw Error,
// naming the file and the tensor, if a step finds no tensors of its shape, or a tensor no step.
//
// By names (exchange/import/module_order.h): each kind of layers is taken in the order that its modules' names tell. Where they do not tell it the
// shapes must, and what neither tells is refused. What is called downsample or shortcut goes to the shortcuts' convolutions. So the names are
// those of torchvision's ResNets, MobileNetV2 and VGGs, of the usual CIFAR ResNets, and of any nn.Sequential.
struct SafetensorsOptions {
  // Modules that are of a head by their names, or come after all that was taken, are left out; the new head's `source` names them.
  bool new_head = false;
  std::string prefix{};              // only tensors in the module of this name count, as "ema"
  std::vector<std::string> order{};  // modules in the order of the forward pass, for those whose names do not tell it
};
std::vector<FloatLayer> read_safetensors_net(const std::string& path, const std::vector<NetStep>& steps,
                                             const SafetensorsOptions& options);
// By the graph of an ONNX model (docs/import.md), which is followed beside ours.
std::vector<FloatLayer> read_onnx_net(const std::string& path, const std::vector<NetStep>& steps, bool new_head);

// The net of an ONNX model as the text of a net file (docs/nets.md), for images of h x w x c. Throws Error, naming the node at which it ends,
// if no such file can describe it; and if it has other than `classes` outputs, but for `new_head`.
std::string describe_onnx_net(const std::string& path, int h, int w, int c, int classes, bool new_head);

}  // namespace intrain
