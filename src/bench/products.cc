#include "bench/products.h"

#include <algorithm>
#include <array>

#include "base/formats.h"
#include "core/buffer.h"
#include "ops/conv2d/conv2d_op.h"
#include "ops/kernels.h"

namespace intrain {

namespace {

// Random u8, or s8 (-127 .. 127).
AlignedBuffer random_bytes(int64_t bytes, bool is_signed, uint32_t seed) {
  AlignedBuffer buffer(static_cast<size_t>(bytes));
  fill_random(buffer.data(), static_cast<size_t>(bytes), seed);
  if (is_signed) std::replace(buffer.data(), buffer.data() + bytes, uint8_t{0x80}, uint8_t{0x81});
  return buffer;
}

template <class Body>
double median_seconds(const Repeats& repeats, const Body& body) {
  body();  // warms the caches and takes the pages
  std::vector<double> times;
  for (double spent = 0; !repeats.done(static_cast<int>(times.size()), spent); spent += times.back()) {
    const double start = seconds_now();
    body();
    times.push_back(seconds_now() - start);
  }
  return median(times);
}

// Where backward data leaves its sums: they are complete, and dropped.
class DropSums final : public ImageSink {
 public:
  void image(int, const int32_t*, uint32_t) override {}
};

// Seconds of each pass on random tensors, by Conv2d. The only place here that knows it.
std::array<double, kProductPasses> time_product(const LayerProduct& product, int batch, const ops::Kernels& kernels,
                                                ThreadPool& pool, const Repeats& repeats) {
  const ConvShape& s = product.shape;
  ops::Conv2d conv;
  conv.plan(s, kernels, pool.threads(), batch, product.backward_data);
  const AlignedBuffer src = random_bytes(batch * s.src_pixels() * s.c, s.signed_src, 0);
  const AlignedBuffer error = random_bytes(batch * s.dst_pixels() * s.k, true, 1);
  const AlignedBuffer weights = random_bytes(s.weights(), true, 2);
  const int8_t* wei = reinterpret_cast<const int8_t*>(weights.data());
  const int8_t* diff = reinterpret_cast<const int8_t*>(error.data());
  std::vector<int32_t> shift;
  for (int k = 0; k < s.k; ++k) {
    int64_t l1 = 0;
    for (int64_t i = 0; i < s.fan_in(); ++i) l1 += std::abs(int{wei[k * s.fan_in() + i]});
    shift.push_back(ops::staging_shift(s.signed_src ? kS8Max : kU8Max, l1));
  }
  AlignedBuffer staged(static_cast<size_t>(batch * s.dst_pixels() * s.k) * 2), packed(conv.packed_bytes());
  AlignedBuffer workspace(std::max({conv.forward_workspace_bytes(), conv.backward_weights_workspace_bytes(),
                                    product.backward_data ? conv.backward_data_workspace_bytes() : 0}));
  std::vector<int64_t> grad(static_cast<size_t>(s.weights()));
  DropSums sink;

  std::array<double, kProductPasses> seconds{};
  seconds[kForward] = median_seconds(repeats, [&] {
    conv.pack_weights(pool, wei, packed.data());
    conv.forward(pool, batch, src.data(), wei, packed.data(), {shift.data(), reinterpret_cast<int16_t*>(staged.data()), nullptr},
                 nullptr, workspace.data());
  });
  if (product.backward_data)
    seconds[kBackwardData] = median_seconds(repeats, [&] { conv.backward_data(pool, batch, diff, wei, sink, workspace.data()); });
  seconds[kBackwardWeights] =
      median_seconds(repeats, [&] { conv.backward_weights(pool, batch, src.data(), diff, grad.data(), workspace.data()); });
  return seconds;
}

std::vector<ProductTimes> distinct_products(const Net& net, int batch) {
  std::vector<ProductTimes> list;
  for (const auto& layer : net.layers()) {
    const std::optional<LayerProduct> product = layer->product();
    if (!product) continue;
    const auto same = std::find_if(list.begin(), list.end(), [&](const ProductTimes& t) {
      return t.product.backward_data == product->backward_data && t.product.shape.signed_src == product->shape.signed_src &&
             shape_text(t.product.shape) == shape_text(product->shape);
    });
    if (same != list.end()) {
      ++same->count;
      continue;
    }
    const ProductOperations ops = operations(*product, batch);
    list.push_back({layer->name(), *product, 1, {}, {ops.forward, ops.backward_data, ops.backward_weights}});
  }
  return list;
}

}  // namespace

std::vector<ProductTimes> measure_products(const Net& net, int batch, Runtime& runtime, const Repeats& repeats,
                                           const BenchProgress& progress) {
  std::vector<ProductTimes> list = distinct_products(net, batch);
  for (size_t i = 0; i < list.size(); ++i) {
    progress(static_cast<double>(i) / static_cast<double>(list.size()), shape_text(list[i].product.shape));
    const std::array<double, kProductPasses> seconds =
        time_product(list[i].product, batch, runtime.kernels(), runtime.pool(), repeats);
    std::copy(seconds.begin(), seconds.end(), list[i].seconds);
  }
  return list;
}

}  // namespace intrain
