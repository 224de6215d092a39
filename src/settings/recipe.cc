#include "settings/recipe.h"

#include <cmath>

#include "core/error.h"
#include "ops/sgd_momentum/wageubn.h"
#include "settings/number_text.h"
#include "settings/setting_list.h"

namespace intrain {

namespace {

// As published (docs/wageubn.md). 31 bits of stored W are 23 after the binary point.
TrainConfig wageubn() {
  TrainConfig c;
  c.lr = 0.05;
  c.momentum = 0.75;
  c.schedule = "wageubn";
  c.widths.e1 = 8;
  c.widths.flag_e2 = true;
  c.widths.x_hat = 8;
  c.widths.mu = c.widths.sigma = 16;
  c.widths.momentum = 13;
  c.widths.w_stored = 31;
  c.widths.nearest_e = true;
  c.widths.fixed_w = c.widths.constant_g = c.widths.fan_in_init = true;
  return c;
}

}  // namespace

void apply_recipe(TrainConfig& config, const std::string& name) {
  TrainConfig recipe;
  if (name == "wageubn")
    recipe = wageubn();
  else if (name != "intrain")
    throw Error("'" + name + "' is no recipe", Setting{"recipe"}, "`recipe` takes intrain or wageubn");
  config.recipe = name;
  copy_settings(recipe, config, [](const SettingInfo& info) { return (info.traits & kOfRecipe) != 0; });
  config.widths = recipe.widths;
}

void check_fixed_grids(const TrainConfig& config) {
  const Widths& w = config.widths;
  const std::string because = " does not fit the fixed grids of g_scale=constant";
  const double quarters = std::ldexp(config.momentum, ops::kWageubnMomentumLog2);
  if (quarters != std::floor(quarters))
    throw Error(number_text(config.momentum) + because + ": the momentum has 3 bits", Setting{"momentum"},
                "choose 0, 0.25, 0.5 or 0.75");
  if (w.g > w.momentum + ops::kWageubnMomentumLog2)
    throw Error(
        "G of " + std::to_string(w.g) + " bits is wider than the sum with an accumulator of " + std::to_string(w.momentum),
        Setting{"formats.g"}, "choose at most momentum + 2 bits: " + std::to_string(w.momentum + ops::kWageubnMomentumLog2));
  if (w.nearest_g)
    throw Error("g_scale=constant rounds G stochastically", Setting{"formats.round_g"},
                "choose round_g=stochastic, or g_scale=shift");
  if (w.rate < 2)
    throw Error("a rate of 1 bit is 0 on the fixed grids of g_scale=constant", Setting{"formats.rate"}, "choose 2 bits or more");
  // Fraction bits of rate times sum: (rate - 1) + (momentum + 1).
  const int stored = 8 + w.rate + w.momentum;
  if (w.w_stored < stored)
    throw Error("a rate of " + std::to_string(w.rate) + " bits times an accumulator of " + std::to_string(w.momentum) +
                    " does not fit a stored W of " + std::to_string(w.w_stored) + " without rounding",
                Setting{"formats.w_stored"},
                stored > 32 ? "choose fewer bits for rate or momentum: together at most 24"
                            : "choose w_stored=" + std::to_string(stored) + " or more, or fewer bits for rate or momentum");
  const double steps = std::nearbyint(std::ldexp(config.lr, w.rate - 1)), most = std::ldexp(1, w.rate - 1) - 1;
  if (steps < 1 || steps > most)
    throw Error(
        number_text(config.lr) + because + ": the rate has " + std::to_string(w.rate) + " bits", Setting{"lr"},
        "choose a number from " + number_text(std::ldexp(1, 1 - w.rate)) + " to " + number_text(1 - std::ldexp(1, 1 - w.rate)));
}

}  // namespace intrain
