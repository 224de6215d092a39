// Data sets: arrays of the caller's, and what a spec names.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>

#include "arrays.h"
#include "bindings.h"
#include "core/stop.h"
#include "core/text.h"
#include "data/source.h"
#include "documented.h"
#include "errors.h"
#include "interruptible.h"
#include "train/data_options.h"

namespace intrain::python {

namespace {

using LabelArray = nb::ndarray<const uint16_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

Dataset make_dataset(const ImageArray& images, const LabelArray& labels, int classes) {
  if (images.shape(0) != labels.shape(0))
    throw KindError(Error(std::to_string(images.shape(0)) + " images, but " + std::to_string(labels.shape(0)) + " labels", "",
                          "give a label for each image"),
                    Kind::kData);
  for (size_t i = 0; i < 4; ++i)
    if (images.shape(i) > INT32_MAX)
      throw KindError(
          Error("an array of images whose shape holds " + std::to_string(images.shape(i)), "", "at most 2^31 - 1 are taken"),
          Kind::kData);
  Dataset set;
  set.count = static_cast<int>(images.shape(0));
  set.h = static_cast<int>(images.shape(1));
  set.w = static_cast<int>(images.shape(2));
  set.c = static_cast<int>(images.shape(3));
  set.classes = classes;
  set.images = Pixels(images.data(), images.size(), keep_alive(nb::cast(images)));
  set.labels.assign(labels.data(), labels.data() + labels.shape(0));
  return set;
}

// Told of progress now and then, in Python.
class PhotoProgress {
 public:
  PhotoProgress(Interruptible& work, nb::object tell) : work_(work), tell_(std::move(tell)) {}
  void operator()(int64_t done, int64_t total) {
    check_stop(work_.stop());
    const auto now = std::chrono::steady_clock::now();
    if (tell_.is_none() || now < next_) return;
    next_ = now + std::chrono::milliseconds(100);
    work_.call([&] { tell_(done, total); });
  }

 private:
  Interruptible& work_;
  const nb::object tell_;
  std::chrono::steady_clock::time_point next_{};
};

DataSplits load_splits(const TrainConfig& config, nb::object tell) {
  Interruptible work;
  PhotoProgress progress(work, std::move(tell));
  DataSplits splits;
  work.run([&] {
    errors_are(Kind::kData, [&] {
      LoadOptions options = training_options(config);
      options.threads = config.threads;
      options.progress = [&](int64_t done, int64_t total) { progress(done, total); };
      splits = load_data(config.data, options);
    });
  });
  if (!splits.note.empty() && PyErr_WarnEx(PyExc_RuntimeWarning, printable(splits.note).c_str(), 1) != 0)
    nb::raise_python_error();
  return splits;
}

}  // namespace

void bind_data(nb::module_& m) {
  Class<Dataset>(m, "Dataset")
      .def(
          "__init__",
          [](Dataset* self, const ImageArray& images, const LabelArray& labels, int classes) {
            new (self) Dataset(make_dataset(images, labels, classes));
          },
          nb::arg("images").noconvert(), nb::arg("labels").noconvert(), nb::arg("classes"))
      .def("__len__", [](const Dataset& set) { return set.count; })
      .def_prop_ro("shape", [](const Dataset& set) { return nb::make_tuple(set.h, set.w, set.c); })
      .def_ro("classes", &Dataset::classes)
      .def_prop_ro("images",
                   [](nb::handle self) {
                     const Dataset& set = *nb::inst_ptr<Dataset>(self);
                     const size_t count = set.images.empty() ? 0 : static_cast<size_t>(set.count);
                     return view(set.images.data(),
                                 {count, static_cast<size_t>(set.h), static_cast<size_t>(set.w), static_cast<size_t>(set.c)},
                                 self);
                   })
      .def_prop_ro("labels",
                   [](nb::handle self) {
                     const Dataset& set = *nb::inst_ptr<Dataset>(self);
                     return view(set.labels.data(), {set.labels.size()}, self);
                   })
      .def_ro("files", &Dataset::files);

  Class<DataSplits>(m, "DataSplits")
      .def(
          "__init__",
          [](DataSplits* self, const Dataset& train, const Dataset& test, std::vector<std::string> class_names, bool mirror,
             const std::string& name) {
            new (self) DataSplits{};
            self->spec = name;
            self->train = train;
            self->test = test;
            self->class_names = std::move(class_names);
            self->mirror = mirror;
          },
          nb::arg("train"), nb::arg("test"), nb::arg("class_names"), nb::arg("mirror"), nb::arg("name"))
      .def_ro("train", &DataSplits::train)
      .def_ro("test", &DataSplits::test)
      .def_ro("class_names", &DataSplits::class_names)
      .def_ro("mirror", &DataSplits::mirror)
      .def_ro("name", &DataSplits::spec)
      .def_ro("broken", &DataSplits::broken);

  define(m, "load_data", load_splits, nb::arg("settings"), nb::arg("progress") = nb::none());
}

}  // namespace intrain::python
