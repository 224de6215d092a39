#include "bench/setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>

#include "base/random.h"

namespace intrain {

BenchInput bench_input(const std::string& model) {
  if (model == "mobilenet_v2") return {224, 224, 3, 1000, 32};
  for (const char* name : {"resnet18", "resnet34", "resnet50"})
    if (model == name || model == name + std::string("_v2")) return {224, 224, 3, 1000, 32};
  if (model == "mlp") return {28, 28, 1, 10, 128};
  return {32, 32, 3, 10, 128};
}

void fill_random(void* data, size_t bytes, uint32_t seed) {
  const RandomStream random{0, RandomUse::kSynthetic, seed, 0};
  uint8_t* at = static_cast<uint8_t*>(data);
  for (uint64_t block = 0; bytes > 0; ++block) {
    const Philox4 words = random.block(block);
    const size_t n = std::min(bytes, sizeof words.word);
    std::memcpy(at, words.word, n);
    at += n;
    bytes -= n;
  }
}

Batch random_batch(const BenchInput& input) {
  Batch batch;
  batch.count = input.batch;
  const size_t count = static_cast<size_t>(input.batch);
  batch.images.resize(count * static_cast<size_t>(input.h) * static_cast<size_t>(input.w) * static_cast<size_t>(input.c));
  fill_random(batch.images.data(), batch.images.size(), 0);
  std::replace(batch.images.begin(), batch.images.end(), int8_t{-128}, int8_t{-127});
  const RandomStream random{0, RandomUse::kSynthetic, 1, 0};
  batch.labels.resize(count);
  for (size_t i = 0; i < count; ++i)
    batch.labels[i] = static_cast<int32_t>(random.below(i, static_cast<uint32_t>(input.classes)));
  return batch;
}

double Repeats::part(int count, double spent) const {
  if (steps > 0) return static_cast<double>(count) / steps;
  return std::min({1.0, static_cast<double>(count) / least, spent / seconds});
}

double seconds_now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

int64_t peak_memory_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (int64_t kilobytes = 0; word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  return 0;
}

std::string shape_text(const ConvShape& s) {
  std::string text = s.h == 1 && s.w == 1 ? fmt::format("{} -> {}", s.c, s.k)
                                          : fmt::format("{}x{}x{} -> {}, {}x{}", s.h, s.w, s.c, s.k, s.kh, s.kw);
  if (s.stride != 1) text += fmt::format(", stride {}", s.stride);
  if (s.pad != s.kh / 2) text += fmt::format(", pad {}", s.pad);
  if (s.groups != 1) text += fmt::format(", {} groups", s.groups);
  return text;
}

ProductOperations operations(const LayerProduct& product, int batch) {
  const ConvShape& s = product.shape;
  const double pass =
      2.0 * batch * static_cast<double>(s.dst_pixels()) * static_cast<double>(s.fan_in()) * static_cast<double>(s.k);
  return {pass, product.backward_data ? pass : 0, pass};
}

}  // namespace intrain
