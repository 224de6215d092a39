#include "net.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <optional>

#include "bindings.h"
#include "checkpoint/checkpoint_tensors.h"
#include "checkpoint/signature.h"
#include "core/version.h"
#include "data/loader.h"
#include "documented.h"
#include "errors.h"
#include "exchange/export/export.h"
#include "exchange/import/import_net.h"
#include "images.h"
#include "interruptible.h"
#include "io/atomic_file.h"
#include "models/models.h"
#include "models/net_file.h"
#include "results.h"
#include "settings/config.h"
#include "threads.h"
#include "train/evaluate.h"
#include "train/test_logits.h"

namespace intrain::python {

Checkpoint parse_state(const nb::bytes& state) {
  const auto* const begin = static_cast<const uint8_t*>(state.data());
  return errors_are(Kind::kCheckpoint, [&] { return parse_checkpoint({begin, begin + state.size()}, "state"); });
}

NetObject::NetObject(std::string model, std::string toml, int h, int w, int c, int classes)
    : model_(std::move(model)), toml_(std::move(toml)), h_(h), w_(w), c_(c), classes_(classes) {
  describe();
}

NetObject::NetObject(Checkpoint checkpoint, std::string source)
    : model_(checkpoint.info.model),
      toml_(checkpoint.info.config.net),
      source_(std::move(source)),
      h_(checkpoint.info.h),
      w_(checkpoint.info.w),
      c_(checkpoint.info.c),
      classes_(checkpoint.info.classes) {
  describe();
  checkpoint_ = std::make_shared<const Checkpoint>(std::move(checkpoint));
}

void NetObject::describe() {
  errors_are(Kind::kNet, [&] {
    if (is_net_file(model_) && toml_.empty()) toml_ = read_net_file(model_);
    const Net net = build_model(model_, toml_, h_, w_, c_, classes_);
    for (const auto& layer : net.layers()) layers_.push_back(layer->name());
    for (const Parameter* p : net.parameters()) parameters_.emplace_back(p->name, p->shape);
  });
}

const Checkpoint& NetObject::checkpoint() const {
  if (checkpoint_ == nullptr)
    throw KindError(Error("the net has no numbers yet", model_, "train it, or load or import one that was trained"), Kind::kNet);
  return *checkpoint_;
}

std::shared_ptr<TrainedNet> NetObject::trained(int batch, int threads) {
  const Checkpoint& from = checkpoint();
  if (trained_ == nullptr || trained_batch_ < batch || (threads != 0 && trained_threads_ != threads)) {
    threads = std::max(threads, 1);
    errors_are(Kind::kCheckpoint, [&] { trained_ = std::make_shared<TrainedNet>(from, batch, false, threads); });
    trained_batch_ = batch;
    trained_threads_ = threads;
  }
  return trained_;
}

namespace {

NetObject load_net(const std::string& path) {
  return {errors_are(Kind::kCheckpoint, [&] { return read_trained(path); }), path};
}

nb::object logits_array(std::vector<int32_t> logits, int64_t count, int classes) {
  return array_of(std::move(logits), {static_cast<size_t>(count), static_cast<size_t>(classes)});
}

TestViews views_given(const NetObject& net, std::optional<bool> test_mirror, std::optional<int> test_shift) {
  TestViews views = views_of(net.checkpoint().info.config);
  views.mirror = test_mirror.value_or(views.mirror);
  views.shift = test_shift.value_or(views.shift);
  errors_are(Kind::kConfig, [&] { check_views(views, true, net.height(), net.width(), ""); });
  return views;
}

nb::tuple predict(NetObject& net, const ImageArray& images, int batch, int threads, std::optional<bool> test_mirror,
                  std::optional<int> test_shift) {
  const Busy::Use use(net.busy(), true);
  errors_are(Kind::kConfig, [&] { validate_batch(batch); });
  const auto count = static_cast<int64_t>(images.shape(0));
  const auto trained = net.trained(static_cast<int>(std::clamp<int64_t>(count, 1, batch)), threads_or_default(threads));
  check_images(trained->net, images);
  const TestViews views = views_given(net, test_mirror, test_shift);
  const Normalization norm = normalization_of(net.checkpoint());
  Logits logits;
  Interruptible work;
  work.run([&] { logits = logits_of(trained->net, norm, views, images.data(), count, batch, work.stop()); });
  return nb::make_tuple(logits_array(std::move(logits.values), count, net.classes()), logits.exp);
}

EvaluationResult evaluate_net(NetObject& net, const Dataset& data, int batch, int threads, std::optional<bool> test_mirror,
                              std::optional<int> test_shift) {
  const Busy::Use use(net.busy(), true);
  errors_are(Kind::kConfig, [&] { validate_batch(batch); });
  if (data.h != net.height() || data.w != net.width() || data.c != net.channels() || data.classes != net.classes())
    throw KindError(
        Error("images or classes of another number than the net's", "", "give images like those that it was made for"),
        Kind::kData);
  batch = std::clamp(data.count, 1, batch);
  threads = threads_or_default(threads);
  const auto trained = net.trained(batch, threads);
  const TestViews views = views_given(net, test_mirror, test_shift);
  const Normalization norm = normalization_of(net.checkpoint());
  EvaluationResult result{{}, data.labels, data.classes};
  Interruptible work;
  work.run([&] {
    errors_are(Kind::kData, [&] {
      Loader loader(data, norm, {.batch = batch, .threads = threads});
      result.evaluation = evaluate(trained->net, loader, work.stop(), {}, views);
    });
  });
  return result;
}

nb::bytes state_of(const NetObject& net) {
  const std::vector<uint8_t>& bytes = net.checkpoint().bytes;
  return nb::bytes(bytes.data(), bytes.size());
}

void save(const NetObject& net, const std::string& path) {
  const std::vector<uint8_t>& bytes = net.checkpoint().bytes;
  errors_are(Kind::kCheckpoint, [&] { write_file(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}); });
}

nb::bytes to_onnx(NetObject& net, bool qdq) {
  const Busy::Use use(net.busy(), true);
  const auto trained = net.trained(1, 0);
  const CheckpointInfo& info = net.checkpoint().info;
  const std::string model = errors_are(Kind::kExchange, [&] {
    return onnx_model(trained->net, {info.model, info.class_names, info.normalization, kVersion},
                      qdq ? OnnxForm::kQdq : OnnxForm::kExact);
  });
  return nb::bytes(model.data(), model.size());
}

void to_safetensors(NetObject& net, const std::string& path) {
  const Busy::Use use(net.busy(), true);
  const auto trained = net.trained(1, 0);
  errors_are(Kind::kExchange, [&] {
    write_safetensors(path, checkpoint_metadata(net.checkpoint()),
                      checkpoint_tensors(net.checkpoint(), trained->net.parameters()));
  });
}

nb::dict report_of(const ImportedNet& imported) {
  nb::list layers;
  for (const ImportedLayer& l : imported.report.layers) {
    nb::dict layer;
    layer["name"] = l.name;
    layer["source"] = l.source;
    layer["scale_log2"] = l.scale_log2;
    layer["saturated"] = l.measured ? nb::object(nb::float_(l.saturated)) : nb::object(nb::none());
    layers.append(layer);
  }
  nb::dict report;
  report["layers"] = layers;
  report["clamped"] = imported.report.clamped;
  report["border"] = imported.border;
  return report;
}

nb::tuple import_file(const TrainConfig& settings, const DataSplits& data, const std::string& onnx,
                      const std::string& safetensors, bool new_head, const std::string& prefix,
                      const std::vector<std::string>& order, int calibrate, const NetObject* model) {
  TrainConfig config = settings;
  if (model != nullptr) {
    config.model = model->model();
    config.net = model->toml();
  }
  std::optional<ImportedNet> imported;
  std::optional<Checkpoint> checkpoint;
  Interruptible work;
  const ImportOptions options{safetensors, onnx, new_head, prefix, order, calibrate, work.stop()};
  work.run([&] {
    errors_are(Kind::kExchange, [&] {
      imported.emplace(import_net(options, config, data));
      checkpoint = parse_checkpoint(checkpoint_bytes(imported->info, imported->net.state()), "memory");
    });
  });
  return nb::make_tuple(nb::cast(NetObject(std::move(*checkpoint), "")), report_of(*imported));
}

}  // namespace

void bind_net(nb::module_& m) {
  Class<NetObject>(m, "Net")
      .def(
          "__init__",
          [](NetObject* self, const std::string& model, int h, int w, int c, int classes, const std::string& toml) {
            new (self) NetObject(model, toml, h, w, c, classes);
          },
          nb::arg("model"), nb::arg("height"), nb::arg("width"), nb::arg("channels"), nb::arg("classes"), nb::arg("toml") = "")
      .def_static("load", load_net, nb::arg("path"))
      .def_static(
          "from_state", [](const nb::bytes& state) { return NetObject(parse_state(state), ""); }, nb::arg("state"))
      .def_static("import_file", import_file, nb::arg("settings"), nb::arg("data"), nb::arg("onnx") = "",
                  nb::arg("safetensors") = "", nb::arg("new_head") = false, nb::arg("prefix") = "",
                  nb::arg("order") = std::vector<std::string>{}, nb::arg("calibrate") = 1024, nb::arg("model") = nb::none())
      .def_prop_ro("model", &NetObject::model)
      .def_prop_ro("toml", &NetObject::toml)
      .def_prop_ro("shape", [](const NetObject& net) { return nb::make_tuple(net.height(), net.width(), net.channels()); })
      .def_prop_ro("classes", &NetObject::classes)
      .def_prop_ro(
          "class_names",
          [](const NetObject& net) { return net.has_numbers() ? net.checkpoint().info.class_names : std::vector<std::string>{}; })
      .def_prop_ro("source", &NetObject::source)
      .def_prop_ro("has_numbers", &NetObject::has_numbers)
      .def_prop_ro("layers", &NetObject::layers)
      .def_prop_ro("parameter_shapes",
                   [](const NetObject& net) {
                     nb::dict shapes;
                     for (const auto& [name, shape] : net.parameter_shapes()) shapes[nb::str(name.c_str())] = shape_of(shape);
                     return shapes;
                   })
      .def_prop_ro("step", [](const NetObject& net) { return net.has_numbers() ? net.checkpoint().info.step : 0; })
      .def_prop_ro("settings", [](const NetObject& net) { return net.checkpoint().info.config; })
      .def_prop_ro("signature", [](const NetObject& net) { return signature_text(state_signature(net.checkpoint())); })
      .def("state", state_of)
      .def("save", save, nb::arg("path"))
      .def("parameters",
           [](NetObject& net) {
             const auto trained = net.trained(1, 0);
             return parameters_of(trained->net, trained);
           })
      .def("predict", predict, nb::arg("images").noconvert(), nb::arg("batch") = 128, nb::arg("threads") = 0,
           nb::arg("test_mirror") = nb::none(), nb::arg("test_shift") = nb::none())
      .def("evaluate", evaluate_net, nb::arg("data"), nb::arg("batch") = 128, nb::arg("threads") = 0,
           nb::arg("test_mirror") = nb::none(), nb::arg("test_shift") = nb::none())
      .def("to_onnx", to_onnx, nb::arg("qdq") = false)
      .def("to_safetensors", to_safetensors, nb::arg("path"));
}

}  // namespace intrain::python
