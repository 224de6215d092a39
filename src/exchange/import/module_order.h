// What the names of a net's modules tell of the order in which it computes them, as far as they do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace intrain {

// The parts of a module's name: between its points.
std::vector<std::string_view> parts_of(std::string_view name);

// Texts with the numbers in them by value: "conv2" before "conv10".
bool natural_less(std::string_view a, std::string_view b);

// Whether it is called downsample, shortcut or skip, or is in a module of that name: it stands beside the rest of its block.
bool is_shortcut(std::string_view module);
// Whether it is called fc, linear, classifier, head or the like, or is in a module of that name.
bool is_head(std::string_view module);

// What is left of the last part of a module's name without conv, bn or the like: "conv_dw" and "bn_dw" belong together.
std::string norm_key(std::string_view module);

class ModuleOrder {
 public:
  // given: modules in the order of the forward pass, by their whole names or by their last parts ("first", "block.first").
  explicit ModuleOrder(std::vector<std::string> given) : given_(std::move(given)) {}

  // Whether a comes before b for certain. Where two names part, what is certain is: the order given; numbers ("layer1" before "layer2"), and
  // letters behind them ("5a" before "5b"); a name before itself with a number ("conv" before "conv_1"); and that the stem comes before the
  // stages, these before a neck, fully connected layers then, and the head last. Other words say nothing.
  bool before(std::string_view a, std::string_view b) const;

  // Those given that no module is, or is in.
  std::vector<std::string> unknown(const std::vector<std::string>& modules) const;

 private:
  int given(std::string_view module, std::string_view part) const;  // its place, or -1
  std::vector<std::string> given_;
};

}  // namespace intrain
