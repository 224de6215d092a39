// The inner loops of products.cc, for any processor: several sums at once.
#pragma once

#include <cstdint>

namespace intrain::micro {

// Sums at once: of products forward; of channels backward; and of backward weights of each of two errors. Without Thumb-2, as a Cortex-M0, a
// processor computes with 8 registers only.
constexpr int kSums = 4, kErrors = 2;
#if defined(__thumb__) && !defined(__thumb2__)
constexpr int kChannels = 4, kInputs = 2;
#elif defined(__thumb2__)
constexpr int kChannels = 8, kInputs = 4;
#else
constexpr int kChannels = 4, kInputs = 4;
#endif

// Here a value has to be in a register, in this order: else compilers compute a pointer from another one, and read more numbers ahead than there
// are registers for.
template <class T>
[[gnu::always_inline]] inline void settle(T& value) {
  __asm__ volatile("" : "+r"(value));
}
template <class T>
[[gnu::always_inline]] inline void step(T*& pointer, int by) {
  pointer += by;
  settle(pointer);
}

[[gnu::always_inline]] inline void store_four(int32_t* to, int32_t a, int32_t b, int32_t c, int32_t d) {
#if defined(__thumb2__)  // two at once, which compilers do not find
  __asm__ volatile("strd %1, %2, [%0]\n strd %3, %4, [%0, #8]" : : "r"(to), "r"(a), "r"(b), "r"(c), "r"(d) : "memory");
#else
  to[0] = a;
  to[1] = b;
  to[2] = c;
  to[3] = d;
#endif
}
inline void set_zero(int32_t* to, int32_t count) {
  for (; count >= 4; count -= 4, to += 4) store_four(to, 0, 0, 0, 0);
  for (; count > 0; --count) *to++ = 0;
}

// Several sums: members one by one and no arrays, so that compilers keep them in registers. Here each has numbers of its own, w.
template <int kCount>
struct Apart {
  int32_t sum;
  const int8_t* w;
  Apart<kCount - 1> others;

  [[gnu::always_inline]] void begin(const int8_t* first, int row) {
    sum = 0;
    w = first;
    others.begin(first + row, row);
  }
  [[gnu::always_inline]] void add(int32_t v) {
    sum += v * *w++;
    __asm__ volatile("" : "+r"(sum), "+r"(w));
    others.add(v);
  }
  [[gnu::always_inline]] void skip(int count) {
    w += count;
    others.skip(count);
  }
  [[gnu::always_inline]] void add_to(int32_t* sums) const {
    *sums += sum;
    others.add_to(sums + 1);
  }
};
template <>
struct Apart<0> {
  void begin(const int8_t*, int) {}
  void add(int32_t) {}
  void skip(int) {}
  void add_to(int32_t*) const {}
};

// Here the numbers lie side by side.
template <int kCount>
struct Beside {
  int32_t sum = 0;
  Beside<kCount - 1> others;

  template <class T>
  [[gnu::always_inline]] void add(int32_t v, const T* w) {
    sum += v * *w;
    settle(sum);
    others.add(v, w + 1);
  }
  template <class T>
  [[gnu::always_inline]] void store(T* sums, int next) const {
    *sums = sum;
    others.store(sums + next, next);
  }
};
template <>
struct Beside<0> {
  template <class T>
  void add(int32_t, const T*) {}
  template <class T>
  void store(T*, int) const {}
};

// And here each of one tensor meets each of another.
template <int kDy, int kX>
struct Outer {
  Beside<kDy> sums;
  Outer<kDy, kX - 1> others;

  template <class T>
  [[gnu::always_inline]] void add(const int8_t* dy, const T* x) {
    sums.add(*x, dy);
    others.add(dy, x + 1);
  }
  [[gnu::always_inline]] void store(int32_t* dst, int next) const {
    sums.store(dst, next);
    others.store(dst + 1, next);
  }
};
template <int kDy>
struct Outer<kDy, 0> {
  template <class T>
  void add(const int8_t*, const T*) {}
  void store(int32_t*, int) const {}
};

// And here each meets its neighbour in the other.
template <int kCount>
struct Pairs {
  int32_t sum = 0;
  Pairs<kCount - 1> others;

  template <class T>
  [[gnu::always_inline]] void add(const int8_t* dy, const T* x) {
    sum += *x * *dy;
    settle(sum);
    others.add(dy + 1, x + 1);
  }
  [[gnu::always_inline]] void store(int32_t* sums, int next) const {
    *sums = sum;
    others.store(sums + next, next);
  }
};
template <>
struct Pairs<0> {
  template <class T>
  void add(const int8_t*, const T*) {}
  void store(int32_t*, int) const {}
};

// What an output reads: `rows` rows of `width` elements, the next x_row elements on; of the weights w_row on.
template <class Src>
struct Patch {
  const Src* x;
  const int8_t* w;
  int rows, width, x_row, w_row;
  int x_step;  // between the elements of a row: 1 but in dot_apart
  int fan_in;  // to the weights of the next output
};

// sums[n] += the product of the patch and the weights of output n
template <int kCount, class Src>
[[gnu::noinline]] void dots(const Patch<Src>& p, int32_t* sums) {
  const Src* x = p.x;
  Apart<kCount> d;
  d.begin(p.w, p.fan_in);
  for (int r = p.rows; r > 0; --r) {
    const Src* const end = x + p.width;
    do {
      d.add(*x);
      step(x, 1);
    } while (x != end);
    step(x, p.x_row - p.width);
    d.skip(p.w_row - p.width);
  }
  d.add_to(sums);
}

// The same of one output, with steps in x.
template <class Src>
[[gnu::noinline]] void dot_apart(const Patch<Src>& p, int32_t* sum) {
  int32_t total = 0;
  for (int r = 0; r < p.rows; ++r) {
    const Src* x = p.x + r * p.x_row;
    const int8_t* const w = p.w + r * p.w_row;
    for (int i = 0; i < p.width; ++i, x += p.x_step) total += *x * w[i];
  }
  *sum += total;
}

// What gives an input its error: kh_count by kw_count outputs and taps, of each `count` neighbours.
struct Sources {
  const int8_t* dy;
  int kh_count, kw_count, count;
  int dy_row, w_row;  // to those of the next tap that reads the input, along the rows
  int dy_tap, w_tap;  // along the columns
  int fan_in;         // to the weights of the next output
};

// dx[n] = the sum of the sources' errors times weights of channel n. There is a source.
template <int kCount>
[[gnu::noinline]] void gather(const Sources& s, const int8_t* w_channel, int32_t* dx) {
  Beside<kCount> d;
  const int fan_in = s.fan_in;
  const int8_t* dy_first = s.dy;
  for (int i = 0; i < s.kh_count; ++i, dy_first += s.dy_row, w_channel += s.w_row) {
    const int8_t *dy = dy_first, *w = w_channel;
    for (int j = 0; j < s.kw_count; ++j) {
      const int8_t* const end = dy + s.count;
      do {
        d.add(*dy, w);
        step(dy, 1);
        step(w, fan_in);
      } while (dy != end);
      dy += s.dy_tap;
      w += s.w_tap;
    }
  }
  d.store(dx, 1);
}

// Pixels, in rows: elements from one to the next, and behind a row to the next row.
struct Pixels {
  int rows, columns;
  int x_step, dy_step, x_skip, dy_skip;
  int dw_row;  // from the sums of one error to those of the next
};

// dst += weight * src, of one number a pixel: forward from x to dy, else from dy to x.
template <bool kForward, class Src>
[[gnu::noinline]] void add_scaled(const Pixels& p, const Src* src, int32_t weight, int32_t* dst) {
  const int src_step = kForward ? p.x_step : p.dy_step, dst_step = kForward ? p.dy_step : p.x_step;
  for (int r = p.rows; r > 0; --r) {
    const Src* const end = src + p.columns * src_step;
    do {
      *dst += weight * *src;
      step(src, src_step);
      step(dst, dst_step);
    } while (src != end);
    src += kForward ? p.x_skip : p.dy_skip;
    dst += kForward ? p.dy_skip : p.x_skip;
  }
}

// What Sums, an Outer or Pairs, is over the pixels, of which there is one.
template <class Sums, class Src>
[[gnu::always_inline]] inline void sum_pixels(const Pixels& p, const Src* x, const int8_t* dy, int32_t* dw) {
  Sums sums;
  const int x_step = p.x_step, dy_step = p.dy_step, width = p.columns * dy_step;
  for (int r = p.rows; r > 0; --r) {
    const int8_t* const end = dy + width;
    do {
      sums.add(dy, x);
      step(x, x_step);
      step(dy, dy_step);
    } while (dy != end);
    x += p.x_skip;
    dy += p.dy_skip;
  }
  sums.store(dw, p.dw_row);
}
// dw[a][b] = the sum of dy[a] * x[b]
template <int kDy, int kX, class Src>
[[gnu::noinline]] void outer(const Pixels& p, const Src* x, const int8_t* dy, int32_t* dw) {
  sum_pixels<Outer<kDy, kX>>(p, x, dy, dw);
}
// dw[a] = the sum of dy[a] * x[a]
template <int kCount, class Src>
[[gnu::noinline]] void pairs(const Pixels& p, const Src* x, const int8_t* dy, int32_t* dw) {
  sum_pixels<Pairs<kCount>>(p, x, dy, dw);
}

constexpr int kScaled = 4;

// The same of one pixel: dw[a][b] = dy[a] * x[b], of `count` errors.
template <int kX, class Src>
[[gnu::noinline]] void scaled(const Src* x, const int8_t* dy, int count, int32_t* dw, int dw_row) {
  static_assert(kX == kScaled || kX == 1);
  const int32_t x0 = x[0], x1 = x[kX / 4], x2 = x[kX / 4 * 2], x3 = x[kX / 4 * 3];
  const int8_t* const end = dy + count;
  do {
    const int32_t e = *dy;
    if constexpr (kX == kScaled)
      store_four(dw, x0 * e, x1 * e, x2 * e, x3 * e);
    else
      *dw = x0 * e;
    step(dw, dw_row);
    step(dy, 1);
  } while (dy != end);
}

}  // namespace intrain::micro
