// Results as JSON. Times in seconds, rates a second, sizes in bytes, shares 0 .. 1.
#pragma once

#include <string>
#include <vector>

#include "bench/comm_times.h"
#include "bench/net_times.h"
#include "bench/peak.h"
#include "bench/products.h"

namespace intrain {

// What all results are told with.
struct BenchHead {
  std::string command;  // "step"
  std::string model;
  BenchInput input;
  int threads;
  int recompute = 0;  // of a step: Net::recompute
  std::string isa;
  std::string multiply;        // the instruction of the peak
  double peak_operations = 0;  // a second
};

std::string peak_json(const BenchHead& head, const MemoryPeak& memory);
// images_per_second is what the products alone would allow.
std::string products_json(const BenchHead& head, const std::vector<ProductTimes>& list);
std::string net_json(const BenchHead& head, const NetTimes& times);
std::string comm_json(const BenchHead& head, const Network& network, const CommResult& result);

// Of all layers of a list of products: seconds, and operations, of a batch.
double total_seconds(const std::vector<ProductTimes>& list);
double total_operations(const std::vector<ProductTimes>& list);

}  // namespace intrain
