// Start reading here: a trained net as an ONNX model, for other runtimes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/api.h"
#include "nn/net.h"

namespace intrain {

// kExact: integers only; the output "logits", s32 [N][classes], is that of Net::evaluate bit by bit; a logit's value is logit 2^e.
// kQdq: float operators between QuantizeLinear and DequantizeLinear, which runtimes turn into their 8-bit kernels; "logits" are float
// values, near the exact ones.
// Both read "images", u8 [N][C][H][W], pixels as they are in the data set.
enum class OnnxForm { kExact, kQdq };

struct OnnxInfo {
  std::string model;
  std::vector<std::string> class_names;  // may be empty
  std::vector<int8_t> normalization;     // [c][256]
  std::string version;                   // of the program
};

// The model's file. The net: prepared, restored, quantize_parameters() done. Metadata: "model"; "classes", a JSON list of names if there
// are any; "form"; of kExact "logits_exp", e. Throws Error if the form cannot hold the net, or the normalization is not that of its channels.
INTRAIN_API std::string onnx_model(Net& net, const OnnxInfo& info, OnnxForm form);

}  // namespace intrain
