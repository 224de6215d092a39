// A problem for Conv2d with what the reference makes of it, and its run: equal bits, nothing else written, every part handed over once.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <string>
#include <vector>

#include "base/formats.h"
#include "ops/conv2d/conv2d_op.h"
#include "support/guarded.h"
#include "support/rng.h"

namespace intrain::ops::test {

using intrain::test::Fill;
using intrain::test::Guarded;
using intrain::test::Rng;

inline std::string shape_text(const ConvShape& s) {
  return (testing::Message() << "h " << s.h << " w " << s.w << " c " << s.c << " k " << s.k << " kernel " << s.kh << "x" << s.kw
                             << " stride " << s.stride << " pad " << s.pad << " groups " << s.groups
                             << (s.signed_src ? " s8" : " u8"))
      .GetString();
}

// Copies each image's gradient to its place, and counts the calls.
class CopySink final : public ImageSink {
 public:
  CopySink(int images, int64_t size, int32_t* dst)
      : calls(static_cast<size_t>(images)), maxima(static_cast<size_t>(images)), size_(size), dst_(dst) {}
  void image(int image, const int32_t* diff_src, uint32_t max) override {
    maxima[static_cast<size_t>(image)] = max;
    std::memcpy(dst_ + image * size_, diff_src, static_cast<size_t>(size_) * 4);
    calls[static_cast<size_t>(image)].fetch_add(1);
  }
  std::vector<std::atomic<int>> calls;
  std::vector<uint32_t> maxima;

 private:
  int64_t size_;
  int32_t* dst_;
};

// Counts how often each pixel is handed over, and copies what is.
class CountSink final : public StripSink {
 public:
  CountSink(int64_t pixels, int channels, int16_t* copy) : calls(static_cast<size_t>(pixels)), channels_(channels), copy_(copy) {}
  void strip(int64_t first, int64_t pixels, int16_t* staged, int) override {
    std::memcpy(copy_ + first * channels_, staged, static_cast<size_t>(pixels * channels_) * 2);
    for (int64_t i = first; i < first + pixels; ++i) calls.at(static_cast<size_t>(i)).fetch_add(1);
  }
  std::vector<std::atomic<int>> calls;

 private:
  int channels_;
  int16_t* copy_;
};

// One problem, its data and its expected results.
struct Problem {
  Problem(const ConvShape& shape, int image_count, Fill filling, uint64_t seed_, bool with_data_pass = true)
      : s(shape),
        images(image_count),
        fill(filling),
        seed(seed_),
        backward_data(with_data_pass),
        offset(static_cast<int>(seed_ % 4)),
        src("src", images * s.src_pixels() * s.c, offset),
        wei("wei", s.weights(), offset),
        diff_dst("diff_dst", dst_size(), offset),
        shift("shift", s.k, offset),
        dst("dst", dst_size(), offset),
        staged("staged", dst_size(), offset),
        diff_src("diff_src", src.count(), offset),
        diff_wei("diff_wei", s.weights(), offset) {
    Rng rng(seed);
    if (s.signed_src)
      intrain::test::fill(rng, fill, reinterpret_cast<int8_t*>(src.data()), src.count(), -kS8Max, kS8Max);
    else
      intrain::test::fill(rng, fill, src.data(), src.count(), 0, kU8Max);
    intrain::test::fill(rng, fill, wei.data(), wei.count(), -kS8Max, kS8Max);
    intrain::test::fill(rng, fill, diff_dst.data(), diff_dst.count(), -kS8Max, kS8Max);
    for (int k = 0; k < s.k; ++k) {
      int64_t l1 = 0;
      for (int64_t i = 0; i < s.fan_in(); ++i) l1 += std::abs(wei[k * s.fan_in() + i]);
      shift[k] = staging_shift(s.signed_src ? kS8Max : kU8Max, l1);
    }
    conv2d_forward_reference(s, images, src.data(), wei.data(), dst.data());
    stage_s16_reference({dst.data(), s.k, images * s.dst_pixels(), s.k, shift.data(), staged.data(), s.k});
    if (backward_data) conv2d_backward_data_reference(s, images, diff_dst.data(), wei.data(), diff_src.data());
    conv2d_backward_weights_reference(s, images, src.data(), diff_dst.data(), diff_wei.data());
  }
  int64_t dst_size() const { return images * s.dst_pixels() * s.k; }
  std::string text() const {
    return (testing::Message() << shape_text(s) << ", " << images << " images, filled " << intrain::test::fill_name(fill)
                               << ", seed " << seed)
        .GetString();
  }

  ConvShape s;
  int images;
  Fill fill;
  uint64_t seed;
  bool backward_data;
  int offset;
  Guarded<uint8_t> src;
  Guarded<int8_t> wei, diff_dst;
  Guarded<int32_t> shift, dst;
  Guarded<int16_t> staged;
  Guarded<int32_t> diff_src;
  Guarded<int64_t> diff_wei;
};

// A workspace full of rubbish, of -128, which no tensor holds: nothing may rely on what it holds.
inline Guarded<uint8_t> rubbish(size_t bytes) {
  Guarded<uint8_t> w("workspace", static_cast<int64_t>(bytes), 0, 0x3C);
  if (bytes > 0) std::memset(w.data(), 0x80, bytes);
  return w;
}

// Returns what differs from the reference, or nothing.
inline std::string run(const Problem& p, const Kernels& kernels, int threads) {
  const ConvShape& s = p.s;
  ThreadPool pool(threads, threads);
  Conv2d conv;
  conv.plan(s, kernels, threads, p.images, p.backward_data);
  Guarded<uint8_t> packed("packed", static_cast<int64_t>(conv.packed_bytes()));
  conv.pack_weights(pool, p.wei.data(), packed.data());
  if (std::string e = packed.broken_guard(); !e.empty()) return e;

  Guarded<uint8_t> workspace = rubbish(conv.forward_workspace_bytes());
  Guarded<int32_t> dst("forward s32", p.dst_size(), p.offset);
  conv.forward(pool, p.images, p.src.data(), p.wei.data(), packed.data(), {nullptr, nullptr, dst.data()}, nullptr,
               workspace.data());
  std::string e = dst.difference(p.dst) + dst.broken_guard() + workspace.broken_guard();
  if (!e.empty()) return e;

  for (bool strips : {false, true}) {
    Guarded<int16_t> staged("forward s16", strips ? static_cast<int64_t>(conv.strip_bytes() / 2) : p.dst_size(), p.offset);
    Guarded<int16_t> handed("staged strips", p.dst_size(), p.offset);
    CountSink sink(p.images * s.dst_pixels(), s.k, handed.data());
    conv.forward(pool, p.images, p.src.data(), p.wei.data(), packed.data(), {p.shift.data(), staged.data(), nullptr, strips},
                 &sink, workspace.data());
    e = (strips ? "" : staged.difference(p.staged)) + handed.difference(p.staged) + staged.broken_guard() +
        workspace.broken_guard();
    if (!e.empty()) return e;
    for (const auto& calls : sink.calls)
      if (calls != 1) return "forward: a pixel was handed over " + std::to_string(calls) + " times";
  }

  if (p.backward_data) {
    Guarded<uint8_t> data_workspace = rubbish(conv.backward_data_workspace_bytes());
    Guarded<int32_t> diff_src("backward data", p.src.count(), p.offset);
    CopySink sink(p.images, s.src_pixels() * s.c, diff_src.data());
    conv.backward_data(pool, p.images, p.diff_dst.data(), p.wei.data(), sink, data_workspace.data());
    e = diff_src.difference(p.diff_src) + diff_src.broken_guard() + data_workspace.broken_guard();
    if (!e.empty()) return e;
    for (const auto& calls : sink.calls)
      if (calls != 1) return "backward data: an image was handed over " + std::to_string(calls) + " times";
    for (size_t i = 0; i < sink.maxima.size(); ++i) {
      const int64_t size = s.src_pixels() * s.c;
      if (sink.maxima[i] != max_abs_reference({p.diff_src.data() + static_cast<int64_t>(i) * size, size}))
        return "backward data: wrong maximum of image " + std::to_string(i);
    }
  }

  Guarded<uint8_t> weights_workspace = rubbish(conv.backward_weights_workspace_bytes());
  Guarded<int64_t> diff_wei("backward weights", s.weights(), p.offset);
  for (int64_t i = 0; i < s.weights(); ++i) diff_wei[i] = -77;  // to be overwritten
  const uint64_t max =
      conv.backward_weights(pool, p.images, p.src.data(), p.diff_dst.data(), diff_wei.data(), weights_workspace.data());
  e = diff_wei.difference(p.diff_wei) + diff_wei.broken_guard() + weights_workspace.broken_guard();
  if (e.empty() && max != sgd_grad_max_reference({diff_wei.data(), 0, s.weights()})) return "backward weights: wrong maximum";
  if (e.empty() && conv.weight_sums_fit_s32()) {
    Guarded<int32_t> narrow("backward weights s32", s.weights(), p.offset), expected("", s.weights());
    for (int64_t i = 0; i < s.weights(); ++i) narrow[i] = -77, expected[i] = static_cast<int32_t>(p.diff_wei[i]);
    if (conv.backward_weights(pool, p.images, p.src.data(), p.diff_dst.data(), narrow.data(), weights_workspace.data()) != max)
      return "backward weights s32: wrong maximum";
    e = narrow.difference(expected) + narrow.broken_guard() + weights_workspace.broken_guard();
  }
  return e.empty() ? packed.broken_guard() : e;
}

}  // namespace intrain::ops::test
