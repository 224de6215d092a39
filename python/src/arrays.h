// numpy arrays that are views: nothing is copied in either direction.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace intrain::python {

namespace nb = nanobind;

// [n][h][w][c] as they are: another type or layout is refused, never converted.
using ImageArray = nb::ndarray<const uint8_t, nb::ndim<4>, nb::c_contig, nb::device::cpu>;

// Keeps a Python object, whatever thread lets go of it.
inline std::shared_ptr<const void> keep_alive(nb::object object) {
  return {object.release().ptr(), [](const void* p) {
            if (!Py_IsInitialized()) return;
            const nb::gil_scoped_acquire gil;
            Py_DECREF(static_cast<PyObject*>(const_cast<void*>(p)));
          }};
}

// A read-only array of memory that `owner` keeps alive.
template <class T>
nb::object view(const T* data, std::initializer_list<size_t> shape, nb::handle owner) {
  return nb::cast(nb::ndarray<nb::numpy, const T>(data, shape.size(), shape.begin(), owner));
}

// An owner of anything.
template <class T>
nb::capsule owner_of(T value) {
  auto kept = std::make_unique<T>(std::move(value));
  const nb::capsule owner(kept.get(), [](void* p) noexcept { delete static_cast<T*>(p); });
  static_cast<void>(kept.release());
  return owner;
}

// A new array, which may be written.
template <class T>
nb::object array_of(std::vector<T> values, std::initializer_list<size_t> shape) {
  T* const data = values.data();
  return nb::cast(nb::ndarray<nb::numpy, T>(data, shape.size(), shape.begin(), owner_of(std::move(values))));
}

}  // namespace intrain::python
