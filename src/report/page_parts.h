// What the sections of a run's page (report/report_page.h) are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "report/draw/colors.h"
#include "report/svg_chart.h"

namespace intrain::page {

constexpr size_t kPoints = 400;                             // of a line
constexpr Color kRight{31, 102, 184}, kWrong{217, 95, 14};  // 0 .. 255, of what is right and what is wrong
constexpr const char* kNone = "–";                          // where there is nothing to tell

// escape_html, which stands round all that is from outside.
std::string e(std::string_view text);

// "12.34 %" of 0.1234, with a space that does not break; kNone of what is no number.
std::string percent(double share, int digits = 2);

// "1,234,567".
std::string grouped(int64_t n);

// "1 thread", "1,234 threads".
std::string counted(int64_t n, const char* noun);

// A cell whose background is the color, as opaque as depth, 0 .. 1, says. css: its other classes.
std::string shaded_cell(const Color& color, double depth, const std::string& text, const char* css);

// Of the lines of the page's run of this number, as CSS, and a patch of it before the run's name.
std::string color_of(size_t run);
std::string swatch(size_t run);

// A chart under its title.
std::string figure(const std::string& title, const std::string& caption, const Chart& chart);

}  // namespace intrain::page
