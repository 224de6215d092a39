// Instructions that products take for a multiply-accumulate, beside those of the references: a program of its own, for the machines of
// micro_test.py. Of each layer a line: name, multiply-accumulates, instructions of the three references, then of the three products.
#include "board.h"
#include "micro/products.h"
#include "ops/conv2d/conv2d.h"

namespace {

using namespace intrain;

struct Case {
  const char* name;
  ConvShape shape;
};
// Of the net `digits`; one of stride 1; each channel by itself; a linear layer.
constexpr Case kCases[] = {
    {"conv_28x28x1_8_s2", {28, 28, 1, 8, 3, 3, 2, 1, 1, true}},
    {"conv_14x14x8_16_s2", {14, 14, 8, 16, 3, 3, 2, 1, 1, false}},
    {"conv_7x7x16_32_s2", {7, 7, 16, 32, 3, 3, 2, 1, 1, false}},
    {"conv_12x12x16_16", {12, 12, 16, 16, 3, 3, 1, 1, 1, false}},
    {"depthwise_12x12x16", {12, 12, 16, 16, 3, 3, 1, 1, 16, false}},
    {"pointwise_12x12x16_16", {12, 12, 16, 16, 1, 1, 1, 0, 1, false}},
    {"linear_512_32", {1, 1, 512, 32, 1, 1, 1, 0, 1, false}},
};
constexpr uint32_t kRandomShapes = 400;
constexpr int kSource = 16384, kOutputs = 16384, kWeights = 16384;

uint8_t source[kSource];
int8_t weights[kWeights], errors[kOutputs];
int32_t sums[kOutputs];
int64_t gradients[kWeights];
int32_t gradients32[kWeights];

uint32_t multiplies(const ConvShape& s) {
  uint32_t taps = 0;
  for (int oh = 0; oh < s.oh(); ++oh)
    for (int ow = 0; ow < s.ow(); ++ow)
      for (int kh = 0; kh < s.kh; ++kh)
        for (int kw = 0; kw < s.kw; ++kw) {
          const int h = oh * s.stride - s.pad_h() + kh, w = ow * s.stride - s.pad + kw;
          taps += h >= 0 && h < s.h && w >= 0 && w < s.w ? 1 : 0;
        }
  return taps * static_cast<uint32_t>(s.k * s.group_c());
}

template <class Run>
uint32_t count(const Run& run) {
  const uint32_t before = board_ticks();
  run();
  return board_instructions(before, board_ticks());
}

// As the references, on a shape that the number says.
bool random_shape_agrees(uint32_t state) {
  const auto draw = [&state](uint32_t least, uint32_t most) {
    state = state * 1664525 + 1013904223;
    return static_cast<int>(least + (state >> 16) % (most - least + 1));
  };
  const int groups = draw(0, 2) == 0 ? draw(2, 4) : 1, c = draw(0, 4) == 0 ? 1 : draw(1, 9), kw = draw(1, 5),
            pad = draw(0, static_cast<uint32_t>(kw) - 1);
  const ConvShape s{draw(1, 8), draw(1, 8), groups * c, groups * draw(1, 9), draw(1, 3), kw,
                    draw(1, 3), pad,        groups,     draw(0, 1) == 1};
  if (s.kh > s.h + 2 * s.pad_h() || s.kw > s.w + 2 * s.pad) return true;
  bool same = true;
  const auto compare = [&same](const auto* a, const auto* b, int64_t count) {
    for (int64_t i = 0; i < count; ++i) same = same && a[i] == b[i];
  };
  ops::conv2d_forward_reference(s, 1, source, weights, sums);
  micro::product(s, source, weights, sums + kOutputs / 2);
  compare(sums, sums + kOutputs / 2, s.dst_pixels() * s.k);
  ops::conv2d_backward_data_reference(s, 1, errors, weights, sums);
  micro::product_backward_data(s, errors, weights, sums + kOutputs / 2);
  compare(sums, sums + kOutputs / 2, s.src_pixels() * s.c);
  for (int64_t i = 0; i < s.weights(); ++i) gradients[i] = 0;
  ops::conv2d_backward_weights_reference(s, 1, source, errors, gradients);
  micro::product_backward_weights(s, source, errors, gradients32);
  compare(gradients, gradients32, s.weights());
  return same;
}

void put_number(uint32_t v) {
  char text[12];
  int at = 11;
  text[at] = 0;
  do text[--at] = static_cast<char>('0' + v % 10);
  while ((v /= 10) != 0);
  text[--at] = ' ';
  board_print(text + at);
}

}  // namespace

extern "C" int main() {
  board_start_counter();
  uint32_t state = 1;
  const auto next = [&state] { return static_cast<int8_t>((state = state * 1664525 + 1013904223) >> 24); };
  for (uint8_t& v : source) v = static_cast<uint8_t>(next());
  for (int8_t& v : weights) v = next();
  for (int8_t& v : errors) v = next();
  for (const Case& c : kCases) {
    const ConvShape& s = c.shape;
    const uint32_t counts[] = {
        multiplies(s),
        count([&] { ops::conv2d_forward_reference(s, 1, source, weights, sums); }),
        count([&] { ops::conv2d_backward_data_reference(s, 1, errors, weights, sums); }),
        count([&] { ops::conv2d_backward_weights_reference(s, 1, source, errors, gradients); }),
        count([&] { micro::product(s, source, weights, sums); }),
        count([&] { micro::product_backward_data(s, errors, weights, sums); }),
        count([&] { micro::product_backward_weights(s, source, errors, gradients32); }),
    };
    board_print(c.name);
    for (const uint32_t v : counts) put_number(v);
    board_print("\n");
  }
  int agree = 0;
  for (uint32_t i = 0; i < kRandomShapes; ++i) agree += random_shape_agrees(i * 2654435761u) ? 1 : 0;
  board_print("random shapes that agree");
  put_number(static_cast<uint32_t>(agree));
  board_print("\n");
  return 0;
}
