#include "trainer.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <span>

#include "bindings.h"
#include "checkpoint/signature.h"
#include "core/slice.h"
#include "data/augment.h"
#include "documented.h"
#include "errors.h"
#include "images.h"
#include "interruptible.h"
#include "observer.h"
#include "ranks.h"
#include "runs/resume_point.h"
#include "threads.h"
#include "train/average_in_use.h"
#include "train/run_length.h"

namespace intrain::python {

namespace {

TrainConfig config_of(TrainConfig config, const NetObject* net, const NetObject* begin) {
  if (net == nullptr) return config;
  config.model = net->model();
  config.net = net->toml();
  if (begin != nullptr) config.init_from = begin->source().empty() ? "memory" : begin->source();
  return config;
}

// Of what ranks do together.
template <class Body>
auto together_errors_are(Kind kind, Body&& body) {
  return errors_are(kind, [&] { return remembering(body); });
}

}  // namespace

TrainerObject::TrainerObject(const TrainConfig& settings, const DataSplits& splits, const NetObject* net, const NetObject* begin,
                             const Checkpoint* resume, bool folder)
    : splits_(std::make_shared<DataSplits>(splits)) {
  if (begin == nullptr && net != nullptr && net->has_numbers()) begin = net;
  const TrainConfig config = config_of(settings, net, begin);
  std::optional<Together> together;
  TrainOptions options;
  options.write_folder = folder;
  options.resume = resume;
  if (begin != nullptr) options.begin = &begin->checkpoint();
  if (std::unique_ptr<Reducer> reducer = reducer_of_ranks()) {
    together.emplace(*reducer);
    options.runtime = std::make_shared<Runtime>(config.threads, std::move(reducer));
  }
  Interruptible work;
  options.stop = work.stop();
  // The views of parameters keep the data, too, which the training reads.
  work.run([&] {
    together_errors_are(resume != nullptr ? Kind::kCheckpoint : Kind::kConfig, [&] {
      run_ = {new TrainingRun(config, *splits_, options), [kept = splits_](const TrainingRun* run) { delete run; }};
    });
  });
}

FitOutcome TrainerObject::fit(nb::object told, std::optional<double> step_seconds) {
  const Busy::Use use(busy_, true);
  const Together together(reducer());
  Interruptible work;
  PythonObserver observer(work, std::move(told), step_seconds);
  TrainResult result;
  work.run([&] { together_errors_are(Kind::kData, [&] { result = run_->fit(&observer, work.stop()); }); });
  FitOutcome outcome{std::move(result), {}, run_->folder(), std::move(observer.losses())};
  outcome.test = {outcome.result.test, splits_->test.labels, splits_->test.classes};
  return outcome;
}

Metrics TrainerObject::step(const ImageArray& images,
                            const nb::ndarray<const int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>& labels) {
  const Busy::Use use(busy_, true);
  Net& net = trainer().net();
  check_images(net, images);
  if (images.shape(0) != labels.shape(0))
    throw KindError(Error(std::to_string(images.shape(0)) + " images, but " + std::to_string(labels.shape(0)) + " labels", "",
                          "give a label for each image"),
                    Kind::kData);
  if (images.shape(0) > static_cast<size_t>(trainer().config().batch))
    throw KindError(Error("a step of " + std::to_string(images.shape(0)) + " images",
                          Setting{"batch", std::to_string(trainer().config().batch)},
                          "give at most so many, or make a Trainer of a larger `batch`"),
                    Kind::kData);
  if (images.shape(0) < static_cast<size_t>(reducer().ranks()))
    throw KindError(
        Error("a step of " + std::to_string(images.shape(0)) + " images for " + std::to_string(reducer().ranks()) + " ranks", "",
              "give at least one for each"),
        Kind::kData);
  const Together together(reducer());
  const nb::gil_scoped_release release;
  const int64_t pixels = int64_t{net.height()} * net.width(), size = pixels * net.channels();
  const Slice mine = slice_of(static_cast<int64_t>(images.shape(0)), reducer().rank(), reducer().ranks());
  Batch batch;
  batch.total = static_cast<int>(images.shape(0));
  batch.first = static_cast<int>(mine.first);
  batch.count = static_cast<int>(mine.count);
  batch.images.resize(static_cast<size_t>(mine.count * size));
  batch.labels.assign(labels.data() + mine.first, labels.data() + mine.first + mine.count);
  normalize_image(images.data() + mine.first * size, mine.count * pixels, net.channels(), trainer().normalization(),
                  batch.images.data());
  return together_errors_are(Kind::kData, [&] {
    together.check_same_images(
        {std::as_bytes(std::span(images.data(), images.size())), std::as_bytes(std::span(labels.data(), labels.size()))});
    return trainer().step(batch);
  });
}

EvaluationResult TrainerObject::evaluate(const Dataset& data) {
  const Busy::Use use(busy_, false);
  const Together together(reducer());
  EvaluationResult result{{}, data.labels, data.classes};
  Interruptible work;
  work.run([&] {
    together_errors_are(Kind::kData, [&] {
      together.check_same_images({std::as_bytes(std::span(data.images.data(), data.images.size())),
                                  std::as_bytes(std::span(data.file_hashes)), std::as_bytes(std::span(data.labels))});
      result.evaluation = trainer().evaluate(data, work.stop());
      if (result.evaluation.metrics.count < data.count && *work.stop() == 0) throw stopped_elsewhere();
    });
  });
  return result;
}

nb::tuple TrainerObject::predict(const ImageArray& images) {
  const Busy::Use use(busy_, false);
  Net& net = trainer().net();
  check_images(net, images);
  const Together together(reducer());
  Logits logits;
  Interruptible work;
  work.run([&] {
    const AverageInUse average(net);
    together_errors_are(Kind::kData, [&] {
      const auto count = static_cast<int64_t>(images.shape(0));
      together.check_same_images({std::as_bytes(std::span(images.data(), images.size()))});
      const TrainConfig& config = trainer().config();
      logits = logits_of(net, trainer().normalization(), views_of(config), images.data(), count, config.batch, work.stop());
    });
  });
  const nb::object array = array_of(std::move(logits.values), {images.shape(0), static_cast<size_t>(net.classes())});
  return nb::make_tuple(array, logits.exp);
}

std::vector<NumbersResult> TrainerObject::inspect() {
  const Busy::Use use(busy_, false);
  std::vector<NumbersResult> numbers;
  Interruptible work;
  work.run([&] {
    const TrainConfig& config = trainer().config();
    const StepStatistics step =
        inspect_next_step(trainer().state(), splits_->train, splits_->mirror, config.batch, config.threads);
    for (const LayerStatistics& layer : step.layers)
      for (int kind = 0; kind < kTensorKinds; ++kind)
        if (layer.tensor[kind].count > 0)
          numbers.push_back({layer.layer, tensor_name(static_cast<TensorKind>(kind)), layer.tensor[kind]});
  });
  return numbers;
}

nb::bytes TrainerObject::state() {
  const Busy::Use use(busy_, false);
  const Checkpoint now = trainer().state();
  return nb::bytes(now.bytes.data(), now.bytes.size());
}

NetObject TrainerObject::net() {
  const Busy::Use use(busy_, false);
  return {trainer().state(), ""};
}

std::vector<ParameterView> TrainerObject::parameters() { return parameters_of(trainer().net(), run_); }

std::string TrainerObject::signature() {
  const Busy::Use use(busy_, false);
  return signature_text(state_signature(trainer().net().state(), trainer().steps_done()));
}

namespace {

void bind_outcome(nb::module_& m) {
  Class<FitOutcome>(m, "FitResult")
      .def_prop_ro("stopped", [](const FitOutcome& o) { return o.result.stopped; })
      .def_prop_ro("step", [](const FitOutcome& o) { return o.result.step; })
      .def_prop_ro("signature", [](const FitOutcome& o) { return signature_text(o.result.signature); })
      .def_prop_ro("seconds", [](const FitOutcome& o) { return o.result.seconds; })
      .def_ro("test", &FitOutcome::test)
      .def_ro("folder", &FitOutcome::folder)
      .def_prop_ro("step_losses", [](nb::handle self) {
        const auto& losses = nb::inst_ptr<FitOutcome>(self)->step_losses;
        return view(losses.data(), {losses.size()}, self);
      });
}

nb::tuple find_point(const std::string& folder) {
  const ResumePoint point = errors_are(Kind::kCheckpoint, [&] { return find_resume_point(folder); });
  const std::vector<uint8_t>& bytes = point.checkpoint.bytes;
  return nb::make_tuple(nb::bytes(bytes.data(), bytes.size()), point.damaged);
}

}  // namespace

void bind_trainer(nb::module_& m) {
  bind_outcome(m);
  Class<TrainerObject>(m, "Trainer")
      .def(
          "__init__",
          [](TrainerObject* self, const TrainConfig& settings, const DataSplits& data, const NetObject& net, bool folder,
             const NetObject* begin) { new (self) TrainerObject(settings, data, &net, begin, nullptr, folder); },
          nb::arg("settings"), nb::arg("data"), nb::arg("net"), nb::arg("folder") = false, nb::arg("begin") = nb::none())
      .def_static(
          "resume",
          [](const nb::bytes& state, const TrainConfig& settings, const DataSplits& data, bool folder) {
            const Checkpoint from = parse_state(state);
            if (folder) errors_are(Kind::kConfig, [&] { check_config_file(settings.out, from.info.config, settings); });
            return std::make_unique<TrainerObject>(settings, data, nullptr, nullptr, &from, folder);
          },
          nb::arg("state"), nb::arg("settings"), nb::arg("data"), nb::arg("folder") = false)
      .def("fit", &TrainerObject::fit, nb::arg("observer") = nb::none(), nb::arg("step_seconds") = nb::none())
      .def("step", &TrainerObject::step, nb::arg("images").noconvert(), nb::arg("labels").noconvert())
      .def("evaluate", &TrainerObject::evaluate, nb::arg("data"))
      .def("predict", &TrainerObject::predict, nb::arg("images").noconvert())
      .def("inspect", &TrainerObject::inspect)
      .def("state", &TrainerObject::state)
      .def("net", &TrainerObject::net)
      .def("parameters", &TrainerObject::parameters)
      .def_prop_ro("signature", &TrainerObject::signature)
      .def_prop_ro("steps_done", [](TrainerObject& t) { return t.trainer().steps_done(); })
      .def_prop_ro("plan", [](TrainerObject& t) { return t.trainer().plan(); })
      .def_prop_ro("settings", [](TrainerObject& t) { return TrainConfig(t.trainer().config()); })
      .def_prop_ro(
          "normalization",
          [](nb::handle self) {
            TrainerObject& t = *nb::inst_ptr<TrainerObject>(self);
            return view(&t.trainer().normalization().table[0][0], {static_cast<size_t>(t.trainer().net().channels()), 256}, self);
          })
      .def_prop_ro("folder", [](const TrainerObject& t) { return t.folder(); });
  define(
      m, "resume_settings", [](const nb::bytes& state) { return parse_state(state).info.config; }, nb::arg("state"));
  define(m, "read_resume_point", find_point, nb::arg("folder"));
}

}  // namespace intrain::python
