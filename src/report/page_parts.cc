#include "report/page_parts.h"

#include <fmt/format.h>

#include <cmath>

#include "report/html.h"

namespace intrain::page {

namespace {

constexpr double kChartWidth = 430, kChartHeight = 270;

}  // namespace

std::string e(std::string_view text) { return escape_html(text); }

std::string percent(double share, int digits) {
  return std::isnan(share) ? kNone : fmt::format("{:.{}f}\u00a0%", 100 * share, digits);
}

std::string grouped(int64_t n) {
  std::string text = std::to_string(n);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<size_t>(at), 1, ',');
  return text;
}

std::string counted(int64_t n, const char* noun) { return fmt::format("{} {}{}", grouped(n), noun, n == 1 ? "" : "s"); }

// The background shows the paper through: right on either scheme. On a deep one the text is white.
std::string shaded_cell(const Color& color, double depth, const std::string& text, const char* css) {
  return fmt::format(R"-(<td class="{}{}" style="background:rgba({},{},{},{:.3f})">{}</td>)-", css, depth > 0.72 ? " deep" : "",
                     color.r, color.g, color.b, depth, text);
}

std::string color_of(size_t run) {
  return run < 8 ? fmt::format("var(--c{})", run) : fmt::format("hsl({} 55% 50%)", run * 137 % 360);
}

std::string swatch(size_t run) { return fmt::format(R"(<span class="swatch" style="--line:{}"></span>)", color_of(run)); }

std::string figure(const std::string& title, const std::string& caption, const Chart& chart) {
  return fmt::format("<figure><figcaption><b>{}</b>{}</figcaption>{}</figure>", title, caption,
                     chart_svg(chart, kChartWidth, kChartHeight));
}

}  // namespace intrain::page
