// The number formats as settings: "formats.w" in config.json, `--set w=8` on the command line.
#pragma once

#include <string>
#include <vector>

#include "base/api.h"
#include "base/widths.h"

namespace intrain {

// KEY=VALUE. Throws Error naming the key, and what it takes.
INTRAIN_API void set_width(Widths& widths, const std::string& setting);

struct WidthValue {
  const char* key;
  int bits;
  const char* word;  // instead of bits; nullptr: none
};
// All of them, in the order of config.json.
INTRAIN_API std::vector<WidthValue> width_values(const Widths& widths);
// Whether the key may have a word as its value.
INTRAIN_API bool takes_words(const std::string& key);

// One line a key: name, range, default, meaning.
INTRAIN_API std::string widths_help();

}  // namespace intrain
