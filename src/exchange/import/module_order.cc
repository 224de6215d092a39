#include "exchange/import/module_order.h"

#include <algorithm>
#include <iterator>

namespace intrain {

namespace {

bool is_digit(char c) { return '0' <= c && c <= '9'; }
bool is_letter(char c) { return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z'); }

// The run of digits at `at`, without leading zeros, and its end.
std::pair<std::string_view, size_t> number_at(std::string_view s, size_t at) {
  const size_t end = std::min(s.find_first_not_of("0123456789", at), s.size());
  const size_t begin = std::min(s.find_first_not_of('0', at), end);
  return {s.substr(begin, end - begin), end};
}
bool number_less(std::string_view a, std::string_view b) { return a.size() != b.size() ? a.size() < b.size() : a < b; }

// A part without the number at its end.
std::string_view word_of(std::string_view part) {
  const size_t end = part.find_last_not_of("0123456789");
  part = part.substr(0, end == std::string_view::npos ? 0 : end + 1);
  return part.substr(0, part.find_last_not_of('_') + 1);
}

// Words for places in a net, from its beginning to its end.
enum Place { kNone, kStem, kStages, kNeck, kFullyConnected, kHead };
Place place_of(std::string_view part) {
  struct Word {
    std::string_view text;
    Place place;
  };
  static constexpr Word kWords[] = {{"stem", kStem},
                                    {"conv_stem", kStem},
                                    {"stem_conv", kStem},
                                    {"bn_stem", kStem},
                                    {"first_conv", kStem},
                                    {"conv_first", kStem},
                                    {"conv_in", kStem},
                                    {"conv_input", kStem},
                                    {"init_block", kStem},
                                    {"initial", kStem},
                                    {"input", kStem},
                                    {"embedder", kStem},
                                    {"layer", kStages},
                                    {"layers", kStages},
                                    {"stage", kStages},
                                    {"stages", kStages},
                                    {"block", kStages},
                                    {"blocks", kStages},
                                    {"group", kStages},
                                    {"features", kStages},
                                    {"encoder", kStages},
                                    {"backbone", kStages},
                                    {"body", kStages},
                                    {"trunk", kStages},
                                    {"neck", kNeck},
                                    {"conv_head", kNeck},
                                    {"bn_head", kNeck},
                                    {"conv_last", kNeck},
                                    {"last_conv", kNeck},
                                    {"final_conv", kNeck},
                                    {"fc", kFullyConnected},
                                    {"linear", kFullyConnected},
                                    {"dense", kFullyConnected},
                                    {"hidden", kFullyConnected},
                                    {"classifier", kHead},
                                    {"head", kHead},
                                    {"heads", kHead},
                                    {"last_linear", kHead},
                                    {"out", kHead},
                                    {"output", kHead},
                                    {"logits", kHead}};
  const std::string_view word = word_of(part);
  // The first of several: a conv2 may stand before the stages or behind them.
  if (word == "conv" || word == "bn" || word == "norm") {
    const std::string_view number = part.substr(word.size());
    return number == "0" || number == "1" ? kStem : kNone;
  }
  const auto* at = std::find_if(std::begin(kWords), std::end(kWords), [&](const Word& w) { return w.text == word; });
  return at == std::end(kWords) ? kNone : at->place;
}

// "_1" or "2" behind a name that it counts on from; "1" alone might be the first of two.
bool counts_on(std::string_view rest) {
  const bool underscore = rest.starts_with('_');
  if (underscore) rest.remove_prefix(1);
  if (rest.empty() || rest.find_first_not_of("0123456789") != std::string_view::npos) return false;
  return underscore || number_less("1", number_at(rest, 0).first);
}

// By the numbers in two parts of names that differ.
bool counts_before(std::string_view a, std::string_view b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const auto [x, x_end] = number_at(a, i);
      const auto [y, y_end] = number_at(b, j);
      if (x != y) return number_less(x, y);
      i = x_end;
      j = y_end;
      continue;
    }
    if (a[i] != b[j]) {
      const auto counter = [](std::string_view s, size_t at) {
        return at > 0 && is_digit(s[at - 1]) && is_letter(s[at]) && (at + 1 == s.size() || !is_letter(s[at + 1]));
      };
      return counter(a, i) && counter(b, j) && a[i] < b[j];
    }
    ++i;
    ++j;
  }
  return i == a.size() && counts_on(b.substr(j));
}

// Whether `is` holds of a part of the name.
template <class Is>
bool any_part(std::string_view module, const Is& is) {
  const std::vector<std::string_view> parts = parts_of(module);
  return std::any_of(parts.begin(), parts.end(), is);
}

}  // namespace

std::vector<std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    parts.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool natural_less(std::string_view a, std::string_view b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const auto [x, x_end] = number_at(a, i);
      const auto [y, y_end] = number_at(b, j);
      if (x != y) return number_less(x, y);
      i = x_end;
      j = y_end;
    } else {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
    }
  }
  const size_t left_a = a.size() - i, left_b = b.size() - j;
  return left_a != left_b ? left_a < left_b : a < b;  // "01" and "1" are two names
}

bool is_shortcut(std::string_view module) {
  return any_part(module, [](std::string_view part) {
    return part.find("downsample") != part.npos || part.find("shortcut") != part.npos || word_of(part) == "skip";
  });
}

bool is_head(std::string_view module) {
  return any_part(module, [](std::string_view part) { return place_of(part) >= kFullyConnected; });
}

std::string norm_key(std::string_view module) {
  std::string key(parts_of(module).back());
  for (const std::string_view word : {"convolution", "normalization", "batch_norm", "batchnorm", "conv", "norm", "bn"})
    if (const size_t at = key.find(word); at != key.npos) return key.erase(at, word.size());
  return "";
}

bool ModuleOrder::before(std::string_view a, std::string_view b) const {
  const std::vector<std::string_view> x = parts_of(a), y = parts_of(b);
  const auto [p, q] = std::mismatch(x.begin(), x.end(), y.begin(), y.end());
  if (p == x.end() || q == y.end()) return false;
  const int i = given(a, *p), j = given(b, *q);
  if (i >= 0 && j >= 0) return i < j;
  if (is_shortcut(*p) != is_shortcut(*q)) return false;
  const Place from = place_of(*p), to = place_of(*q);
  if (from != kNone && to != kNone && from != to) return from < to;
  return counts_before(*p, *q);
}

int ModuleOrder::given(std::string_view module, std::string_view part) const {
  const std::string_view whole = module.substr(0, static_cast<size_t>(part.data() + part.size() - module.data()));
  const auto at = std::find_if(given_.begin(), given_.end(), [&](const std::string& g) { return g == whole || g == part; });
  return at == given_.end() ? -1 : static_cast<int>(at - given_.begin());
}

std::vector<std::string> ModuleOrder::unknown(const std::vector<std::string>& modules) const {
  std::vector<std::string> list;
  for (const std::string& g : given_) {
    const auto is = [&](const std::string& module) {
      return module == g || module.starts_with(g + ".") || any_part(module, [&](std::string_view part) { return part == g; });
    };
    if (std::none_of(modules.begin(), modules.end(), is)) list.push_back(g);
  }
  return list;
}

}  // namespace intrain
