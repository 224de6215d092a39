// What a benchmark runs on: a model by name with the images it is meant for, random data in memory, and how often.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/batch.h"
#include "nn/net.h"

namespace intrain {

struct BenchInput {
  int h, w, c, classes;
  int batch;  // a usual one
};

// 224x224x3 and 1000 classes for the nets made for them, 28x28x1 for the perceptron, 32x32x3 for the rest.
BenchInput bench_input(const std::string& model);

// `input.batch` images and labels, from Philox.
Batch random_batch(const BenchInput& input);
// Bytes from Philox, others for each seed.
void fill_random(void* data, size_t bytes, uint32_t seed);

// How often to measure: `steps` times if that is not 0, else for `seconds`, but at least `least` times.
struct Repeats {
  int steps = 0;
  double seconds = 5;
  int least = 5;

  bool done(int count, double spent) const { return steps > 0 ? count >= steps : count >= least && spent >= seconds; }
  // Share of it that is done, 0 .. 1.
  double part(int count, double spent) const;
};

// Called now and then with what is done, 0 .. 1, and what is being measured.
using BenchProgress = std::function<void(double part, const std::string& what)>;

// Seconds of a steady clock.
double seconds_now();
// Of at least one value.
double median(std::vector<double> values);
// The most memory this process ever held (VmHWM), bytes; 0 if the system does not say.
int64_t peak_memory_bytes();

// "32x32x16 -> 16, 3x3, stride 2": all that tells two products apart.
std::string shape_text(const ConvShape& shape);

// Operations of the passes over one batch: 2 for each product of two numbers, those with the zeros of the padding too.
struct ProductOperations {
  double forward = 0, backward_data = 0, backward_weights = 0;
  double all() const { return forward + backward_data + backward_weights; }
};
ProductOperations operations(const LayerProduct& product, int batch);

}  // namespace intrain
