// Recipes: named sets of number formats, optimizer and schedule. docs/wageubn.md holds that of the paper.
#pragma once

#include <string>

#include "base/api.h"
#include "settings/config.h"

namespace intrain {

// Sets what a recipe sets: the settings of the list with kOfRecipe, and all formats. Throws Error for an unknown name.
INTRAIN_API void apply_recipe(TrainConfig& config, const std::string& name);

// What the fixed grids of WAGEUBN's optimizer cannot be combined with (widths.constant_g): throws Error that says why.
INTRAIN_API void check_fixed_grids(const TrainConfig& config);

}  // namespace intrain
