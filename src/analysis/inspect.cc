#include "analysis/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/formats.h"
#include "base/rounding.h"
#include "core/check.h"
#include "optim/gradient_sum.h"
#include "report/draw/canvas.h"

namespace intrain {

namespace {

class Collector final : public TensorSink {
 public:
  Collector(std::vector<LayerStatistics>& layers, const Widths& widths, int range_log2) : widths_(widths), layers_(layers) {
    if (range_log2 > 0) widths_.g = range_log2 + 1;
  }

  void tensor(const std::string& layer, TensorKind kind, const int8_t* data, int64_t count, int exp) override {
    add(layer, kind, data, count, exp, 0, format_limit(kind, widths_, true));
  }
  void tensor(const std::string& layer, TensorKind kind, const uint8_t* data, int64_t count, int exp) override {
    add(layer, kind, data, count, exp, 0, format_limit(kind, widths_));
  }
  void tensor(const std::string& layer, TensorKind kind, const int16_t* data, int64_t count, int exp) override {
    const int64_t limit = format_limit(kind, widths_);
    add(layer, kind, data, count, exp, std::max(0, bit_length(static_cast<uint64_t>(limit)) - 7), limit);
  }

 private:
  template <class Integer>
  void add(const std::string& layer, TensorKind kind, const Integer* data, int64_t count, int exp, int shift, int64_t limit) {
    TensorStatistics& s = statistics(layer).tensor[static_cast<int>(kind)];
    s.count += count;
    s.exp = exp;
    s.low_end = -limit >> shift;
    s.high_end = limit >> shift;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t v = data[i], m = static_cast<int64_t>(magnitude(v));
      CHECK_LE(m, limit);
      s.zeros += v == 0;
      s.saturated += m == limit;
      s.largest = std::max(s.largest, m);
      ++s.histogram[static_cast<size_t>((v >> shift) + 128)];
    }
  }
  LayerStatistics& statistics(const std::string& layer) {
    for (LayerStatistics& l : layers_)
      if (l.layer == layer) return l;
    layers_.push_back({layer, {}});
    return layers_.back();
  }

  Widths widths_;
  std::vector<LayerStatistics>& layers_;
};

// The gradients of a step's batches.
class Sums final : public GradientSink {
 public:
  explicit Sums(Net& net) : net_(net), sums_(net.parameters().size()) {}
  void gradient(Parameter& p) override {
    if (!p.frozen) sums_[p.number].add(p, net_.pool());
  }
  void show(const ops::SgdStep& step, TensorSink& tensors) {
    for (Parameter* p : net_.parameters())
      if (!p->frozen) sums_[p->number].take(*p, [&](Parameter& summed) { show_gradient(summed, step, tensors); });
  }

 private:
  Net& net_;
  std::vector<GradientSum> sums_;
};

constexpr double kLeft = 120, kTop = 84, kCellWidth = 160, kCellHeight = 54, kGap = 14;
constexpr Color kBar{0.12, 0.40, 0.72}, kEnd{0.85, 0.37, 0.05};

// Bars two integers wide, of a format within +-63 one, as high as the logarithm of the share; the ends of the format, where numbers are cut, in
// another color.
void draw_cell(Canvas& canvas, double x, double y, TensorKind kind, const TensorStatistics& s) {
  const double base = y + kCellHeight - 14;
  canvas.line({{x, base + 0.5}, {x + kCellWidth, base + 0.5}}, kGrid, 1);
  const bool positive =
      kind == TensorKind::kA && std::all_of(s.histogram.begin(), s.histogram.begin() + 128, [](int64_t n) { return n == 0; });
  const int wide = s.high_end < 64 ? 1 : 2, first = positive ? 128 : 128 - 64 * wide, bars = 128;
  const auto bar_of = [&](int64_t integer) { return static_cast<int>(integer + 128 - first) / wide; };
  constexpr double kDecades = 6;
  for (int bar = 0; bar < bars; ++bar) {
    const auto at = s.histogram.begin() + first + wide * bar;
    const int64_t count = std::accumulate(at, at + wide, int64_t{0});
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(s.count);
    const double height = std::max(0.02, 1 + std::log10(share) / kDecades) * (kCellHeight - 20);
    const bool end = bar == bar_of(s.high_end) || (!positive && bar == bar_of(s.low_end));
    canvas.box(x + bar * kCellWidth / bars, base - height, kCellWidth / bars, height, end ? kEnd : kBar);
  }
  const auto percent = [&](int64_t n) { return 100 * static_cast<double>(n) / static_cast<double>(s.count); };
  canvas.text(x, base + 11, 0, 9, kSoft,
              fmt::format("2^{}, {:.1f} % zero, {:.2f} % cut", s.exp, percent(s.zeros), percent(s.saturated)));
}

}  // namespace

void inspect(Net& net, int batches, const std::function<const Batch&()>& next, const ops::SgdStep& step, int64_t first,
             std::vector<LayerStatistics>& layers) {
  Collector collector(layers, net.widths(), step.range_log2);
  Sums sums(net);
  net.set_tensor_sink(&collector);
  net.set_batches_per_step(batches);
  for (int64_t i = 0; i < batches; ++i) {
    const Batch& batch = next();
    net.forward(batch);
    net.backward(batch, step.seed, static_cast<uint32_t>(first + i), &sums);
  }
  sums.show(step, collector);
  net.set_tensor_sink(nullptr);
}

void draw_statistics(const std::string& title, const std::vector<LayerStatistics>& layers, const std::string& path) {
  std::vector<int> kinds;  // those that there are
  for (int kind = 0; kind < kTensorKinds; ++kind)
    if (std::any_of(layers.begin(), layers.end(), [&](const LayerStatistics& l) { return l.tensor[kind].count > 0; }))
      kinds.push_back(kind);
  const auto column = [](size_t i) { return kLeft + static_cast<double>(i) * (kCellWidth + kGap); };
  const double width = column(kinds.size()) + kGap;
  const double height = kTop + static_cast<double>(layers.size()) * kCellHeight + 40;
  Canvas canvas(static_cast<int>(width), static_cast<int>(height));
  canvas.text(kGap, 30, 0, 18, kInk, title, true);
  canvas.text(kGap, 50, 0, 12, kSoft,
              "Each integer over the range of 8 bits (A of a ReLU from 0; of wider ones the upper 8); height: logarithm of its "
              "share, from one in a million to all. Cut: at the ends of the format, in orange.");
  for (size_t i = 0; i < kinds.size(); ++i)
    canvas.text(column(i) + kCellWidth / 2, kTop - 8, 0.5, 13, kInk, tensor_name(static_cast<TensorKind>(kinds[i])), true);
  double y = kTop;
  for (const LayerStatistics& layer : layers) {
    canvas.text(kGap, y + kCellHeight - 16, 0, 12, kInk, layer.layer);
    for (size_t i = 0; i < kinds.size(); ++i)
      if (layer.tensor[kinds[i]].count > 0)
        draw_cell(canvas, column(i), y, static_cast<TensorKind>(kinds[i]), layer.tensor[kinds[i]]);
    y += kCellHeight;
  }
  canvas.write_png(path);
}

}  // namespace intrain
