#include "errors.h"

#include <filesystem>
#include <system_error>

#include "bindings.h"
#include "nn/builder.h"

namespace intrain::python {

namespace {

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::kConfig:
      return "ConfigError";
    case Kind::kNet:
      return "NetError";
    case Kind::kData:
      return "DataError";
    case Kind::kCheckpoint:
      return "CheckpointError";
    case Kind::kExchange:
      return "ExchangeError";
    case Kind::kBusy:
      return "BusyError";
    case Kind::kError:
      break;
  }
  return "Error";
}

// As Python's own functions decode what the system calls files.
nb::object text(const std::string& s) {
  PyObject* const decoded = PyUnicode_DecodeUTF8(s.data(), static_cast<Py_ssize_t>(s.size()), "surrogateescape");
  if (decoded == nullptr) nb::raise_python_error();
  return nb::steal(decoded);
}

void set(const Error& e, Kind kind) {
  const nb::object type = nb::module_::import_("intrain.errors").attr(name_of(kind));
  const nb::object error = type(text(e.what()), text(e.where), text(e.hint), text(e.setting));
  PyErr_SetObject(type.ptr(), error.ptr());
}

void translate(const std::exception_ptr& thrown, void*) {
  try {
    std::rethrow_exception(thrown);
  } catch (const KindError& e) {
    set(e, e.kind);
  } catch (const Error& e) {
    set(e, kind_of(e, Kind::kError));
  } catch (const std::filesystem::filesystem_error& e) {
    const nb::object args = nb::make_tuple(e.code().value(), text(e.code().message()), text(e.path1().string()));
    PyErr_SetObject(PyExc_OSError, args.ptr());
  } catch (const std::system_error& e) {
    const nb::object args = nb::make_tuple(e.code().value(), text(e.code().message()));
    PyErr_SetObject(PyExc_OSError, args.ptr());
  }
}

}  // namespace

Kind kind_of(const Error& error, Kind otherwise) {
  if (error.setting == "model" || dynamic_cast<const LayerError*>(&error) != nullptr) return Kind::kNet;
  if (error.setting == "data" || error.setting == "image") return Kind::kData;
  if (error.setting == "resume") return Kind::kCheckpoint;  // a run folder
  return error.setting.empty() ? otherwise : Kind::kConfig;
}

void bind_errors() { nb::register_exception_translator(translate); }

}  // namespace intrain::python
