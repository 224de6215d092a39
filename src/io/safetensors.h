// The safetensors format (huggingface.co/docs/safetensors): a u64 little-endian with the length of the header, the header, JSON padded with
// spaces to a multiple of 8, then the tensors one after another, little-endian.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "io/checkpoint.h"

namespace intrain {

// All state of a checkpoint as integers. shapes: of the parameters, by name; everything else has one dimension. A parameter's momentum has
// the parameter's shape. The value of a tensor is integer * 2^e, with e from the JSON object "exponents" of the metadata, by name; beside
// it "model", "step", "epoch", "input" (height, width, channels), "class_names", "normalization" ([c][256], what a pixel becomes, 2^-5 of a
// standard deviation) and "config", all but model JSON, and "producer", this program with its version.
std::string safetensors_of(const Checkpoint& checkpoint, const std::map<std::string, std::vector<int>>& shapes);

}  // namespace intrain
