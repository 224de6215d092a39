#include "runs/tensorboard.h"

#include <fmt/format.h>
#include <tensorboard.pb.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <span>

#include "base/formats.h"
#include "core/error.h"
#include "io/append_file.h"

namespace intrain {

static_assert(std::endian::native == std::endian::little, "records are written as they lie in memory");

namespace {

constexpr const char* kHint = "free some space, or go on without `tensorboard`";

namespace tb = tensorboard;

constexpr int kBuckets = 64;

uint32_t masked_crc(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

template <class Integer>
std::string_view bytes_of(const Integer& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

void add_scalar(tb::Summary& summary, const std::string& tag, double value) {
  tb::Summary::Value& v = *summary.add_value();
  v.set_tag(tag);
  v.set_simple_value(static_cast<float>(value));
}

// In buckets of equal width from the smallest to the largest value.
void add_histogram(tb::Summary& summary, const std::string& tag, std::span<const int32_t> values, int exp) {
  tb::Summary::Value& v = *summary.add_value();
  v.set_tag(tag);
  tb::Histogram& h = *v.mutable_histo();
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const int64_t low = *least, width = (int64_t{*most} - low) / kBuckets + 1;
  std::array<int64_t, kBuckets> counts = {};
  double sum = 0, squares = 0;
  for (const int32_t value : values) {
    ++counts[static_cast<size_t>((value - low) / width)];
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  const auto scaled = [exp](int64_t value) { return std::ldexp(static_cast<double>(value), exp); };
  h.set_min(scaled(low));
  h.set_max(scaled(*most));
  h.set_num(static_cast<double>(values.size()));
  h.set_sum(std::ldexp(sum, exp));
  h.set_sum_squares(std::ldexp(squares, 2 * exp));
  for (int i = 0; i < kBuckets; ++i) {
    h.add_bucket_limit(scaled(low + (i + 1) * width));
    h.add_bucket(static_cast<double>(counts[static_cast<size_t>(i)]));
  }
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static const auto kTable = [] {
    std::array<uint32_t, 256> table;
    for (uint32_t i = 0; i < 256; ++i) {
      table[i] = i;
      for (int bit = 0; bit < 8; ++bit) table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82f63b78u : 0);
    }
    return table;
  }();
  uint32_t crc = ~uint32_t{0};
  for (const char c : bytes) crc = crc >> 8 ^ kTable[(crc ^ static_cast<uint8_t>(c)) & 255];
  return ~crc;
}

struct TensorBoardFile::State {
  AppendFile file;

  void write(int64_t step, tb::Event event) {
    event.set_step(step);
    event.set_wall_time(std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count());
    const std::string message = event.SerializeAsString();
    const uint64_t length = message.size();
    const uint32_t length_crc = masked_crc(bytes_of(length)), message_crc = masked_crc(message);
    std::string record;
    record.append(bytes_of(length)).append(bytes_of(length_crc)).append(message).append(bytes_of(message_crc));
    file.append(record, kHint);
  }
};

TensorBoardFile::TensorBoardFile(const std::string& folder, int64_t first_step) : state_(std::make_unique<State>()) {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch());
  // TensorBoard reads the files of a folder in the order of their names.
  const std::string path = fmt::format("{}/events.out.tfevents.{:016}.{}", folder, now.count(), getpid());
  if (const int reason = state_->file.open(path, AppendFile::Mode::kTruncate); reason != 0)
    throw Error(std::string("cannot write the file: ") + std::strerror(reason), path, kHint);
  tb::Event version;
  version.set_file_version("brain.Event:2");
  state_->write(0, version);
  tb::Event start;
  start.mutable_session_log()->set_status(tb::SessionLog::START);
  state_->write(first_step + 1, start);
}

TensorBoardFile::~TensorBoardFile() = default;

void TensorBoardFile::add(const StepReport& r) {
  tb::Event event;
  tb::Summary& summary = *event.mutable_summary();
  add_scalar(summary, "step/loss", r.loss);
  add_scalar(summary, "step/accuracy", r.accuracy);
  add_scalar(summary, "step/learning_rate", r.rate);
  add_scalar(summary, "step/images_per_second", r.images_per_second);
  state_->write(r.step, event);
}

void TensorBoardFile::add(int64_t step, const std::vector<LayerNumbers>& layers) {
  tb::Event event;
  tb::Summary& summary = *event.mutable_summary();
  for (const LayerNumbers& layer : layers)
    for (int kind = 0; kind < kTensorKinds; ++kind) {
      const TensorNumbers& n = layer.tensor[kind];
      if (n.count == 0) continue;
      const std::string name = fmt::format("{}/{}", tensor_name(static_cast<TensorKind>(kind)), layer.layer);
      add_scalar(summary, "exponent_" + name, n.exp);
      add_scalar(summary, "zeros_" + name, static_cast<double>(n.zeros) / static_cast<double>(n.count));
      add_scalar(summary, "saturated_" + name, static_cast<double>(n.saturated) / static_cast<double>(n.count));
    }
  state_->write(step, event);
}

void TensorBoardFile::add(const EpochReport& r) {
  tb::Event event;
  tb::Summary& summary = *event.mutable_summary();
  add_scalar(summary, "epoch/train_loss", r.train_loss);
  add_scalar(summary, "epoch/train_accuracy", r.train_accuracy);
  add_scalar(summary, "epoch/test_loss", r.test_loss);
  add_scalar(summary, "epoch/test_accuracy", r.test_accuracy);
  state_->write(r.step, event);
}

void TensorBoardFile::add(int64_t step, const std::vector<Parameter*>& parameters) {
  tb::Event event;
  for (const Parameter* p : parameters) add_histogram(*event.mutable_summary(), p->name, p->master, kMasterExp);
  state_->write(step, event);
}

}  // namespace intrain
