#include "settings/crop.h"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "core/error.h"

namespace intrain {

namespace {

constexpr const char* kAuto = "auto";
constexpr const char* kWhole = "whole";
constexpr const char* kStandard = "0.875";

// `words`: what it may be beside a share.
int parse(const std::string& text, const std::string& words) {
  if (text == kWhole) return 0;
  double share = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, share, std::chars_format::fixed);
  if (error != std::errc() || stop != end || !(share >= 0.1 && share <= 1))
    throw Error("'" + text + "' is not possible", Setting{"crop"},
                "`crop` takes a share of the shorter side from 0.1 to 1, " + words);
  return static_cast<int>(std::lround(share * 65536));
}

}  // namespace

int parse_crop(const std::string& text) { return parse(text, "or whole"); }

int crop_of(const TrainConfig& config) {
  if (config.crop != kAuto) return parse(config.crop, "whole or auto");
  return parse_crop(config.augment == "none" ? kWhole : kStandard);
}

std::string crop_text(int crop_q16) {
  if (crop_q16 == 0) return "all of them";
  char share[32];
  std::snprintf(share, sizeof share, "%.4g", crop_q16 / 65536.0);
  return std::string("their middle square of ") + share + " of the shorter side";
}

std::string crop_before_it_was_a_setting(const std::string& augment) { return augment == "none" ? kStandard : kAuto; }

}  // namespace intrain
