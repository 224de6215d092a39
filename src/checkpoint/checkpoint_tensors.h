// A checkpoint in a form that other programs read: its state as tensors of a safetensors file (io/safetensors.h), integers as they are.
#pragma once

#include "checkpoint/checkpoint.h"
#include "core/parameter.h"
#include "io/safetensors.h"

namespace intrain {

// Each array of the checkpoint by its name (docs/contract.md, section 9), I16, I32 or I64, but for the exponents of momentum. A parameter,
// its momentum and its average, has the shape that it has in `parameters`, those of the checkpoint's net; everything else has one dimension.
// Valid as long as the checkpoint.
std::vector<SafeTensor> checkpoint_tensors(const Checkpoint& checkpoint, const std::vector<Parameter*>& parameters);

// "exponents", a JSON object of e for each tensor, whose integers m mean m 2^e. Beside it "model", "step", "epoch", "input" (height, width,
// channels), "class_names", "normalization" ([c][256], what a pixel becomes, 2^-5 of a standard deviation) and "config", all but model
// JSON, and "producer", this program with its version.
std::map<std::string, std::string> checkpoint_metadata(const Checkpoint& checkpoint);

}  // namespace intrain
