#include "report/draw/canvas.h"

#include <cairo/cairo.h>

#include <cmath>
#include <new>

#include "core/text.h"
#include "io/atomic_file.h"

namespace intrain {

struct Canvas::State {
  std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface;
  std::unique_ptr<cairo_t, decltype(&cairo_destroy)> context;
};

namespace {

void use(cairo_t* cr, const Color& c) { cairo_set_source_rgba(cr, c.r, c.g, c.b, c.a); }

void use_font(cairo_t* cr, double size, bool bold) {
  cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL, bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cr, size);
}

double advance(cairo_t* cr, const std::string& s) {
  cairo_text_extents_t extents;
  cairo_text_extents(cr, printable(s).c_str(), &extents);
  return extents.x_advance;
}

cairo_status_t append_png(void* file, const unsigned char* data, unsigned int bytes) {
  static_cast<std::string*>(file)->append(reinterpret_cast<const char*>(data), bytes);
  return CAIRO_STATUS_SUCCESS;
}

std::string encode(cairo_surface_t* surface) {
  std::string png;
  // Memory is all that can be missing here.
  if (cairo_surface_write_to_png_stream(surface, append_png, &png) != CAIRO_STATUS_SUCCESS) throw std::bad_alloc();
  return png;
}

}  // namespace

Canvas::Canvas(int width, int height) {
  cairo_surface_t* surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
  state_.reset(new State{{surface, cairo_surface_destroy}, {cairo_create(surface), cairo_destroy}});
  cairo_set_source_rgb(state_->context.get(), 1, 1, 1);
  cairo_paint(state_->context.get());
}

Canvas::~Canvas() = default;

void Canvas::text(double x, double y, double anchor, double size, const Color& color, const std::string& s, bool bold) {
  cairo_t* cr = state_->context.get();
  use_font(cr, size, bold);
  use(cr, color);
  cairo_move_to(cr, x - anchor * advance(cr, s), y);
  cairo_show_text(cr, printable(s).c_str());
}

void Canvas::rising_text(double x, double y, double size, const Color& color, const std::string& s) {
  cairo_t* cr = state_->context.get();
  cairo_save(cr);
  cairo_translate(cr, x, y);
  cairo_rotate(cr, -M_PI / 4);
  text(0, 0, 0, size, color, s);
  cairo_restore(cr);
}

double Canvas::text_width(double size, const std::string& s, bool bold) {
  use_font(state_->context.get(), size, bold);
  return advance(state_->context.get(), s);
}

void Canvas::line(const std::vector<Point>& points, const Color& color, double width) {
  cairo_t* cr = state_->context.get();
  use(cr, color);
  cairo_set_line_width(cr, width);
  cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
  cairo_new_path(cr);  // text leaves a current point behind
  for (const Point& p : points) cairo_line_to(cr, p.x, p.y);
  cairo_stroke(cr);
}

void Canvas::box(double x, double y, double width, double height, const Color& color) {
  cairo_t* cr = state_->context.get();
  use(cr, color);
  cairo_new_path(cr);
  cairo_rectangle(cr, x, y, width, height);
  cairo_fill(cr);
}

void Canvas::dot(double x, double y, double radius, const Color& color) {
  cairo_t* cr = state_->context.get();
  use(cr, color);
  cairo_new_path(cr);
  cairo_arc(cr, x, y, radius, 0, 2 * M_PI);
  cairo_fill(cr);
}

void Canvas::write_png(const std::string& path) const { write_file(path, encode(state_->surface.get())); }

}  // namespace intrain
