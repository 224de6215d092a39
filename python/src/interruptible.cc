#include "interruptible.h"

#include <nanobind/nanobind.h>

#include <chrono>
#include <thread>

namespace intrain::python {

namespace nb = nanobind;

namespace {

constexpr std::chrono::milliseconds kBetweenSignals{100};

}  // namespace

void Interruptible::run(const std::function<void()>& work) {
  std::exception_ptr failure;
  done_ = false;
  std::thread worker([&] {
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();
  });
  while (wait()) {
    make_call();
    if (raised_ == nullptr)
      keep_error([] {
        if (PyErr_CheckSignals() != 0) nb::raise_python_error();
      });
  }
  {
    const nb::gil_scoped_release release;
    worker.join();
  }
  if (raised_ != nullptr) std::rethrow_exception(std::exchange(raised_, nullptr));
  if (failure != nullptr) std::rethrow_exception(failure);
}

// Until there is a call to make, or it is time to look for signals; false: the work is done.
bool Interruptible::wait() {
  const nb::gil_scoped_release release;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kBetweenSignals, [&] { return done_ || pending_ != nullptr; });
  return !done_;
}

void Interruptible::make_call() {
  const std::function<void()>* body;
  {
    const std::lock_guard lock(mutex_);
    body = pending_;
  }
  if (body == nullptr) return;
  if (raised_ == nullptr) keep_error(*body);
  const std::lock_guard lock(mutex_);
  pending_ = nullptr;
  changed_.notify_all();
}

template <class Body>
void Interruptible::keep_error(const Body& body) {
  try {
    body();
  } catch (...) {
    raised_ = std::current_exception();
    stop_ = 1;
  }
}

void Interruptible::call(const std::function<void()>& body) {
  std::unique_lock lock(mutex_);
  pending_ = &body;
  changed_.notify_all();
  changed_.wait(lock, [&] { return pending_ == nullptr; });
}

}  // namespace intrain::python
