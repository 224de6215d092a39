#include "report/examination.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/draw/colors.h"
#include "report/draw/png_image.h"
#include "report/html.h"
#include "report/page_parts.h"

namespace intrain::page {

namespace {

constexpr size_t kTabulatedClasses = 30, kConfusionsShown = 8;
constexpr int kSmallSide = 96;  // images up to here are shown pixel by pixel

// One pixel an entry, for more classes than a table has room for.
std::string heat_map(const Examination& x) {
  const size_t n = x.names.size();
  std::vector<uint8_t> pixels;
  for (size_t i = 0; i < n * n; ++i) {
    const int64_t images = x.classes[i / n].images;
    const double share = images == 0 ? 0 : std::sqrt(static_cast<double>(x.matrix[i]) / static_cast<double>(images));
    const Color& color = i / n == i % n ? kRight : kWrong;
    for (const double c : {color.r, color.g, color.b}) pixels.push_back(static_cast<uint8_t>(255 + (c - 255) * share));
  }
  return fmt::format(R"(<img class="heat" alt="confusion matrix" src="{}">)",
                     png_data_uri(png_of(pixels.data(), static_cast<int>(n), static_cast<int>(n), 3)));
}

// The largest entries beside the diagonal, in words.
std::string most_confused(const Examination& x) {
  const size_t n = x.names.size();
  std::vector<size_t> order;
  for (size_t i = 0; i < x.matrix.size(); ++i)
    if (i / n != i % n && x.matrix[i] > 0) order.push_back(i);
  const size_t shown = std::min(order.size(), kConfusionsShown);
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                    [&](size_t a, size_t b) { return x.matrix[a] != x.matrix[b] ? x.matrix[a] > x.matrix[b] : a < b; });
  if (shown == 0) return "";
  std::string html = "<p>Most often: ";
  for (size_t k = 0; k < shown; ++k)
    html += fmt::format("{}{} taken for {} ({})", k == 0 ? "" : "; ", e(x.names[order[k] / n]), e(x.names[order[k] % n]),
                        x.matrix[order[k]]);
  return html + ".</p>";
}

// The rates of each class, with its row of the matrix before them where there is room.
std::string class_table(const Examination& x) {
  const size_t n = x.names.size();
  const bool whole = n <= kTabulatedClasses;
  std::string html = fmt::format(R"(<div class="{}"><table class="matrix"><tr><th></th>)", whole ? "wide" : "scroll");
  for (size_t j = 0; whole && j < n; ++j) html += fmt::format(R"(<th class="turned"><span>{}</span></th>)", e(x.names[j]));
  for (const char* rate : {"images", "recall", "precision", "F1"}) html += fmt::format(R"(<th class="number">{}</th>)", rate);
  html += "</tr>";
  for (size_t i = 0; i < n; ++i) {
    const ClassCounts& c = x.classes[i];
    html += fmt::format(R"(<tr><td class="name" title="{0}">{0}</td>)", e(x.names[i]));
    for (size_t j = 0; whole && j < n; ++j) {
      const int64_t count = x.matrix[i * n + j];
      // The root: what goes wrong is a small share.
      const double depth = std::sqrt(static_cast<double>(count) / static_cast<double>(std::max<int64_t>(1, c.images)));
      html += count == 0 ? "<td></td>" : shaded_cell(i == j ? kRight : kWrong, depth, std::to_string(count), "");
    }
    html += fmt::format(R"(<td class="rate">{}</td>)", c.images);
    for (const double rate : {c.recall(), c.precision(), c.f1()})
      html += fmt::format(R"(<td class="rate">{}</td>)", percent(rate, 1));
    html += "</tr>";
  }
  return html + "</table></div>";
}

std::string mistakes(const Examination& x) {
  if (x.mistakes.empty()) return "<p>Every test image is right.</p>";
  std::string html = R"(<div class="mistakes">)";
  for (const Examination::Picture& p : x.mistakes) {
    const auto name = [&](int label) { return e(x.names[static_cast<size_t>(label)]); };
    html += fmt::format(
        R"(<figure><img class="{}" alt="" src="{}"><figcaption>is <b>{}</b><br>taken for <b>{}</b>, {}</figcaption></figure>)",
        std::max(x.h, x.w) <= kSmallSide ? "small" : "", png_data_uri(png_of(p.pixels.data(), x.h, x.w, x.c)),
        name(p.mistake.label), name(p.mistake.predicted), percent(p.mistake.probability, 1));
  }
  return html + "</div>";
}

}  // namespace

std::string examination(const RunReport& run) {
  if (!run.examination) return "";
  const Examination& x = *run.examination;
  std::string html = fmt::format(
      R"(<h3>Which class is taken for which</h3><p class="soft">{} of {} of {} are right: {}, loss {:.4f}. By <code>{}</code>.{}{}{}</p>)",
      grouped(x.metrics.hits), counted(x.metrics.count, "test image"), e(x.data), percent(x.metrics.accuracy()),
      x.metrics.mean_loss(), e(run.checkpoint), x.crop.empty() ? "" : fmt::format(" Of the photos it sees {}.", x.crop),
      x.views.several() ? fmt::format(" It sees {}.", views_text(x.views)) : "",
      x.matrix.empty() ? "" : " Rows: the true class; columns: the predicted one. The darker, the larger the share of the row.");
  if (x.names.size() > kTabulatedClasses && !x.matrix.empty()) html += heat_map(x);
  html += most_confused(x) + class_table(x);
  return html +
         R"(<h3>The worst mistakes</h3><p class="soft">The wrong ones with the largest loss, as the net sees them; the )"
         R"(probability is that of the class predicted.</p>)" +
         mistakes(x);
}

}  // namespace intrain::page
