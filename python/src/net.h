// A net as Python has it: its description, and a checkpoint's numbers if it has any.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <string>
#include <vector>

#include "busy.h"
#include "checkpoint/checkpoint.h"
#include "parameters.h"
#include "train/trained_net.h"

namespace intrain::python {

// Of the bytes of one. Throws KindError.
Checkpoint parse_state(const nanobind::bytes& state);

class NetObject {
 public:
  // Throws KindError for what cannot be.
  NetObject(std::string model, std::string toml, int h, int w, int c, int classes);
  // Of a checkpoint; source: its file, may be empty.
  NetObject(Checkpoint checkpoint, std::string source);

  const std::string& model() const { return model_; }
  const std::string& toml() const { return toml_; }
  int height() const { return h_; }
  int width() const { return w_; }
  int channels() const { return c_; }
  int classes() const { return classes_; }
  const std::string& source() const { return source_; }
  const std::vector<std::string>& layers() const { return layers_; }
  const std::vector<std::pair<std::string, std::vector<int>>>& parameter_shapes() const { return parameters_; }

  bool has_numbers() const { return checkpoint_ != nullptr; }
  // Throws KindError if there is none.
  const Checkpoint& checkpoint() const;

  // Prepared for evaluation, of up to `batch` images; the same one again where it is enough. threads: 0: any.
  std::shared_ptr<TrainedNet> trained(int batch, int threads);
  Busy& busy() { return busy_; }

 private:
  void describe();

  std::string model_, toml_, source_;
  int h_, w_, c_, classes_;
  std::vector<std::string> layers_;
  std::vector<std::pair<std::string, std::vector<int>>> parameters_;
  std::shared_ptr<const Checkpoint> checkpoint_;
  std::shared_ptr<TrainedNet> trained_;
  int trained_batch_ = 0, trained_threads_ = 0;
  Busy busy_;
};

}  // namespace intrain::python
