// Pictures in programs that must not need cairo (-DINTRAIN_CAIRO=loaded): its functions, as canvas.cc calls them, which call those of the
// library that this machine has.
#include <cairo/cairo.h>
#include <dlfcn.h>

#include "core/error.h"
#include "report/draw/canvas.h"

namespace intrain {

namespace {

constexpr const char* kLibrary = "libcairo.so.2";

void* library() {
  static void* const handle = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  return handle;
}

template <class Function>
Function* loaded(const char* name) {
  void* const found = library() == nullptr ? nullptr : dlsym(library(), name);
  if (found == nullptr)
    throw Error("pictures are drawn with the library cairo, which is not here", kLibrary,
                "install it (in Debian the package libcairo2), or ask for no picture");
  return reinterpret_cast<Function*>(found);
}

}  // namespace

bool can_draw() { return library() != nullptr; }

}  // namespace intrain

#define INTRAIN_LOADED(result, name, parameters, arguments)               \
  result name parameters {                                                \
    static auto* const function = intrain::loaded<decltype(name)>(#name); \
    return function arguments;                                            \
  }

extern "C" {
INTRAIN_LOADED(void, cairo_arc, (cairo_t * cr, double x, double y, double radius, double from, double to),
               (cr, x, y, radius, from, to))
INTRAIN_LOADED(cairo_t*, cairo_create, (cairo_surface_t * surface), (surface))
INTRAIN_LOADED(void, cairo_destroy, (cairo_t * cr), (cr))
INTRAIN_LOADED(void, cairo_fill, (cairo_t * cr), (cr))
INTRAIN_LOADED(cairo_surface_t*, cairo_image_surface_create, (cairo_format_t format, int width, int height),
               (format, width, height))
INTRAIN_LOADED(cairo_surface_t*, cairo_image_surface_create_for_data,
               (unsigned char* data, cairo_format_t format, int width, int height, int stride),
               (data, format, width, height, stride))
INTRAIN_LOADED(void, cairo_line_to, (cairo_t * cr, double x, double y), (cr, x, y))
INTRAIN_LOADED(void, cairo_move_to, (cairo_t * cr, double x, double y), (cr, x, y))
INTRAIN_LOADED(void, cairo_new_path, (cairo_t * cr), (cr))
INTRAIN_LOADED(void, cairo_paint, (cairo_t * cr), (cr))
INTRAIN_LOADED(void, cairo_rectangle, (cairo_t * cr, double x, double y, double width, double height), (cr, x, y, width, height))
INTRAIN_LOADED(void, cairo_restore, (cairo_t * cr), (cr))
INTRAIN_LOADED(void, cairo_rotate, (cairo_t * cr, double angle), (cr, angle))
INTRAIN_LOADED(void, cairo_save, (cairo_t * cr), (cr))
INTRAIN_LOADED(void, cairo_select_font_face,
               (cairo_t * cr, const char* family, cairo_font_slant_t slant, cairo_font_weight_t weight),
               (cr, family, slant, weight))
INTRAIN_LOADED(void, cairo_set_font_size, (cairo_t * cr, double size), (cr, size))
INTRAIN_LOADED(void, cairo_set_line_join, (cairo_t * cr, cairo_line_join_t join), (cr, join))
INTRAIN_LOADED(void, cairo_set_line_width, (cairo_t * cr, double width), (cr, width))
INTRAIN_LOADED(void, cairo_set_source_rgb, (cairo_t * cr, double r, double g, double b), (cr, r, g, b))
INTRAIN_LOADED(void, cairo_set_source_rgba, (cairo_t * cr, double r, double g, double b, double a), (cr, r, g, b, a))
INTRAIN_LOADED(void, cairo_show_text, (cairo_t * cr, const char* text), (cr, text))
INTRAIN_LOADED(void, cairo_stroke, (cairo_t * cr), (cr))
INTRAIN_LOADED(void, cairo_surface_destroy, (cairo_surface_t * surface), (surface))
INTRAIN_LOADED(cairo_status_t, cairo_surface_write_to_png_stream,
               (cairo_surface_t * surface, cairo_write_func_t write, void* closure), (surface, write, closure))
INTRAIN_LOADED(void, cairo_text_extents, (cairo_t * cr, const char* text, cairo_text_extents_t* extents), (cr, text, extents))
INTRAIN_LOADED(void, cairo_translate, (cairo_t * cr, double x, double y), (cr, x, y))
}
