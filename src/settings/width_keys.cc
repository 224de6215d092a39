#include "settings/width_keys.h"

#include <charconv>

#include "core/error.h"

namespace intrain {

namespace {

// Keys whose value is a number of bits.
struct WidthKey {
  const char* name;
  int Widths::*value;
  int min, max;
  const char* meaning;
};
constexpr WidthKey kWidthKeys[] = {
    {"w", &Widths::w, 2, 8, "W as it enters the products, which take 8"},
    {"a", &Widths::a, 2, 8, "A, outputs of ReLUs and linear bottlenecks, stored in 8"},
    {"g", &Widths::g, 2, 16, "G, gradients of W, which the accumulator takes"},
    {"e1", &Widths::e1, 2, 16, "E1, errors at activations and residual sums, stored in 16"},
    {"e2", &Widths::e2, 3, 16, "E2, errors that enter the products, above 8 in two products"},
    {"x_hat", &Widths::x_hat, 2, 16, "normalized values in the forward pass (at most 8 in the backward pass), 2 to 8, or 16"},
    {"gamma", &Widths::gamma, 2, 8, "scale after normalization, stored in 8"},
    {"beta", &Widths::beta, 2, 8, "shift after normalization, stored in 8"},
    {"mu", &Widths::mu, 2, 32, "significant bits of a channel's mean"},
    {"sigma", &Widths::sigma, 2, 32, "significant bits of a channel's standard deviation"},
    {"momentum", &Widths::momentum, 2, 16, "accumulator of the optimizer, stored in 16"},
    {"rate", &Widths::rate, 1, 10, "significant bits of the learning rate"},
    {"w_stored", &Widths::w_stored, 12, 32, "stored parameters, 8 of them before the binary point"},
};
// Keys with two values, the default one first.
struct ChoiceKey {
  const char* name;
  bool Widths::*second;
  const char* values[2];
  const char* meaning;
  const char* value(const Widths& widths) const { return values[widths.*second ? 1 : 0]; }
};
constexpr ChoiceKey kChoiceKeys[] = {
    {"round_e", &Widths::nearest_e, {"stochastic", "nearest"}, "rounding of E2"},
    {"round_e1", &Widths::stochastic_e1, {"nearest", "stochastic"}, "rounding of E1, where it has fewer than 16 bits"},
    {"round_g", &Widths::nearest_g, {"stochastic", "nearest"}, "rounding of G"},
    {"w_scale", &Widths::fixed_w, {"layer", "fixed"}, "scale of W: of each layer, or the fixed grid 2^-7"},
    {"g_scale",
     &Widths::constant_g,
     {"shift", "constant"},
     "G by shift quantization, or WAGEUBN's constant one and its optimizer"},
    {"init",
     &Widths::fan_in_init,
     {"fan_out", "fan_in"},
     "first W of convolutions: variance 2 / fan out, or 1 / fan in, truncated"}};
// The word that E2's key takes beside bits sets a member of its own.
constexpr const char* kE2 = "e2";
constexpr const char* kFlag8 = "flag8";
// A member without a key could not be set. The last bool is flag_e2.
static_assert(sizeof(Widths) == (std::size(kWidthKeys) * sizeof(int) + std::size(kChoiceKeys) + 1 + alignof(int) - 1) /
                                    alignof(int) * alignof(int));

[[noreturn]] void refuse(const std::string& key, const std::string& value, const std::string& range) {
  throw Error("'" + value + "' is not possible", Setting{"formats." + key}, "`formats." + key + "` takes " + range);
}

void set_bits(Widths& widths, const WidthKey& key, const std::string& value) {
  int bits = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bits);
  // Of x_hat nothing lies between the 8 bits that are kept and all 16.
  const bool between = key.value == &Widths::x_hat && bits > 8 && bits < 16;
  if (error != std::errc() || end != value.data() + value.size() || value[0] == '0' || bits < key.min || bits > key.max ||
      between)
    refuse(key.name, value,
           "a whole number of bits from " + std::to_string(key.min) + " to " + std::to_string(key.max) +
               (key.value == &Widths::e2 ? std::string(", or ") + kFlag8 : "") + (between ? ", but for 9 to 15" : "") + ": " +
               key.meaning);
  widths.*key.value = bits;
}

}  // namespace

void set_width(Widths& widths, const std::string& setting) {
  const size_t sign = setting.find('=');
  const std::string key = setting.substr(0, sign), value = sign == std::string::npos ? "" : setting.substr(sign + 1);
  if (key == kE2) {
    widths.flag_e2 = value == kFlag8;
    if (widths.flag_e2) {
      widths.e2 = 8;
      return;
    }
  }
  std::string keys;
  for (const WidthKey& k : kWidthKeys) {
    if (key == k.name) return set_bits(widths, k, value);
    keys.append(k.name).append(", ");
  }
  for (const ChoiceKey& k : kChoiceKeys) {
    if (key == k.name) {
      if (value != k.values[0] && value != k.values[1]) refuse(key, value, std::string(k.values[0]) + " or " + k.values[1]);
      widths.*k.second = value == k.values[1];
      return;
    }
    keys.append(k.name).append(&k == std::end(kChoiceKeys) - 1 ? "" : ", ");
  }
  throw Error("'" + setting + "' is no setting", Setting{"formats"}, "it takes KEY=VALUE; the keys: " + keys);
}

std::vector<WidthValue> width_values(const Widths& widths) {
  std::vector<WidthValue> list;
  for (const WidthKey& k : kWidthKeys)
    list.push_back({k.name, widths.*k.value, k.value == &Widths::e2 && widths.flag_e2 ? kFlag8 : nullptr});
  for (const ChoiceKey& k : kChoiceKeys) list.push_back({k.name, 0, k.value(widths)});
  return list;
}

bool takes_words(const std::string& key) {
  if (key == kE2) return true;
  for (const ChoiceKey& k : kChoiceKeys)
    if (key == k.name) return true;
  return false;
}

std::string widths_help() {
  std::string text = "a number format other than the default one, as KEY=BITS:";
  const Widths widths;
  for (const WidthKey& k : kWidthKeys)
    text += std::string("\n") + k.name + "  " + k.meaning + ", " + std::to_string(k.min) + " to " + std::to_string(k.max) + " [" +
            std::to_string(widths.*k.value) + "]";
  text += "\ne2=flag8  E2 in the paper's 8 bits with a flag that tells the range, in two products";
  for (const ChoiceKey& k : kChoiceKeys)
    text +=
        std::string("\n") + k.name + "  " + k.meaning + "; " + k.values[0] + " or " + k.values[1] + " [" + k.value(widths) + "]";
  return text;
}

}  // namespace intrain
