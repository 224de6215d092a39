// The library's Error as the exceptions of python/intrain/errors.py.
#pragma once

#include <utility>

#include "core/error.h"

namespace intrain::python {

// The class that it becomes.
enum class Kind { kError, kConfig, kNet, kData, kCheckpoint, kExchange, kBusy };

struct KindError : Error {
  KindError(const Error& error, Kind kind_) : Error(error), kind(kind_) {}
  Kind kind;
};

// What an error is about: its setting tells, else `otherwise`.
Kind kind_of(const Error& error, Kind otherwise);

// body(), whose errors that name no setting are of that kind.
template <class Body>
auto errors_are(Kind kind, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const KindError&) {
    throw;
  } catch (const Error& e) {
    throw KindError(e, kind_of(e, kind));
  }
}

}  // namespace intrain::python
