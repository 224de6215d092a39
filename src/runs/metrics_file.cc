#include "runs/metrics_file.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "io/json_integer.h"
#include "io/json_read.h"

namespace intrain {

namespace {

using Json = nlohmann::ordered_json;

StartReport start_from(const Json& j) {
  return {integer_of<int64_t>(j.at("step")), j.at("version"), j.at("cpu"), j.at("isa"), integer_of<int>(j.at("threads"))};
}

StepReport step_from(const Json& j) {
  return {integer_of<int64_t>(j.at("step")), 0, integer_of<int>(j.at("epoch")), j.at("loss"), j.at("accuracy"), j.at("lr"),
          j.at("images_per_second"),         0};
}

EpochReport epoch_from(const Json& j) {
  return {integer_of<int>(j.at("epoch")),
          integer_of<int64_t>(j.at("step")),
          j.at("train_loss"),
          j.at("train_accuracy"),
          j.at("test_loss"),
          j.at("test_accuracy"),
          j.at("best"),
          j.at("images_per_second"),
          j.at("seconds"),
          j.value("waited", 0.0)};  // runs of before 0.6 do not tell it
}

NumbersReport numbers_from(const Json& j) {
  NumbersReport report{integer_of<int64_t>(j.at("step")), integer_of<int64_t>(j.at("stored_saturated")), {}};
  for (const auto& [layer, tensors] : j.at("layers").items())
    for (const auto& [tensor, numbers] : tensors.items())
      report.tensors.push_back({layer, tensor, integer_of<int>(numbers.at(0)), numbers.at(1), numbers.at(2)});
  return report;
}

}  // namespace

std::string metrics_line(const StartReport& r) {
  return fmt::format(R"({{"type": "start", "step": {}, "version": {}, "cpu": {}, "isa": {}, "threads": {}}})"
                     "\n",
                     r.step, Json(r.version).dump(), Json(r.cpu).dump(-1, ' ', true, Json::error_handler_t::replace),
                     Json(r.isa).dump(), r.threads);
}

std::string metrics_line(const StepReport& r) {
  return fmt::format(
      R"({{"type": "step", "step": {}, "epoch": {}, "loss": {:.6g}, "accuracy": {:.6g}, "lr": {:.6g}, "images_per_second": {:.1f}}})"
      "\n",
      r.step, r.epoch, r.loss, r.accuracy, r.rate, r.images_per_second);
}

std::string metrics_line(int64_t step, const std::vector<LayerNumbers>& layers, int64_t stored_saturated) {
  std::string line =
      fmt::format(R"({{"type": "numbers", "step": {}, "stored_saturated": {}, "layers": {{)", step, stored_saturated);
  for (const LayerNumbers& layer : layers) {
    line += fmt::format(R"({}"{}": {{)", &layer == layers.data() ? "" : ", ", layer.layer);
    bool first = true;
    for (int kind = 0; kind < kTensorKinds; ++kind) {
      const TensorNumbers& n = layer.tensor[kind];
      if (n.count == 0) continue;
      const double count = static_cast<double>(n.count);
      line += fmt::format(R"({}"{}": [{}, {:.4g}, {:.4g}])", first ? "" : ", ", tensor_name(static_cast<TensorKind>(kind)), n.exp,
                          static_cast<double>(n.zeros) / count, static_cast<double>(n.saturated) / count);
      first = false;
    }
    line += "}";
  }
  return line + "}}\n";
}

std::string metrics_line(const EpochReport& r) {
  return fmt::format(
      R"({{"type": "epoch", "epoch": {}, "step": {}, "train_loss": {:.6g}, "train_accuracy": {:.6g}, "test_loss": {:.6g}, )"
      R"("test_accuracy": {:.6g}, "best": {}, "images_per_second": {:.1f}, "seconds": {:.3f}, "waited": {:.3g}}})"
      "\n",
      r.epoch, r.step, r.train_loss, r.train_accuracy, r.test_loss, r.test_accuracy, r.best, r.images_per_second, r.seconds,
      r.waited);
}

bool next_metrics_line(std::istream& in, std::string& line) {
  constexpr size_t kMostBytes = size_t{1} << 26;  // the numbers of 300,000 layers
  line.clear();
  char piece[1 << 12];
  while (in.good()) {
    in.getline(piece, sizeof piece);
    auto count = static_cast<size_t>(in.gcount());
    if (in.good()) --count;  // the end of the line
    if (line.size() <= kMostBytes) line.append(piece, count);
    if (in.good()) return true;
    if (in.eof()) return count > 0 || !line.empty();
    if (count > 0) in.clear();  // the line goes on
  }
  return false;
}

MetricsRecord parse_metrics_line(const std::string& line) {
  try {
    const Json json = read_json(line);
    const std::string type = json.at("type").get<std::string>();
    if (type == "start") return start_from(json);
    if (type == "step") return step_from(json);
    if (type == "epoch") return epoch_from(json);
    if (type == "numbers") return numbers_from(json);
  } catch (const Json::exception&) {
  } catch (const std::invalid_argument&) {
  }
  return {};
}

bool read_metrics(const std::string& path,
                  const std::function<void(const MetricsRecord& record, const std::string& line)>& take) {
  std::ifstream in(path);
  if (!in) return false;
  for (std::string line; next_metrics_line(in, line);) take(parse_metrics_line(line), line);
  return true;
}

}  // namespace intrain
