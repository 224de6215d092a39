// A checkpoint in a form that other programs read: its arrays as tensors of a safetensors file, integers as they are.
#pragma once

#include "core/parameter.h"
#include "io/checkpoint.h"
#include "io/safetensors.h"

namespace intrain {

// Each array of the checkpoint by its name (docs/contract.md, section 9), I16, I32 or I64, and "normalization", I8 of [c][256]: what a pixel
// becomes. A parameter, and its momentum, has the shape that it has in `parameters`, those of the checkpoint's net; else it is a list.
// Valid as long as the checkpoint.
std::vector<SafeTensor> checkpoint_tensors(const Checkpoint& checkpoint, const std::vector<Parameter*>& parameters);

// "model", "step", "epoch"; "config" and "class_names" as JSON; and "exponents", a JSON object of e for each tensor whose integers m mean
// m 2^e.
std::map<std::string, std::string> checkpoint_metadata(const Checkpoint& checkpoint);

}  // namespace intrain
