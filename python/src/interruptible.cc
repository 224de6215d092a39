#include "interruptible.h"

#include <nanobind/nanobind.h>
#include <time.h>

#include <system_error>
#include <thread>

namespace intrain::python {

namespace nb = nanobind;

namespace {

// A signal's handler wakes the thread that it runs in, which is the main one unless that keeps signals out. This is for what it misses: signals
// just before it falls asleep, or seen by another thread.
constexpr long kMostSleepNs = 500'000'000, kSecondNs = 1'000'000'000;

timespec end_of_sleep() {
  timespec end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_nsec += kMostSleepNs;
  if (end.tv_nsec >= kSecondNs) {
    end.tv_nsec -= kSecondNs;
    ++end.tv_sec;
  }
  return end;
}

}  // namespace

Interruptible::Interruptible() {
  if (sem_init(&wake_, 0, 0) != 0) throw std::system_error(errno, std::generic_category());
}
Interruptible::~Interruptible() { sem_destroy(&wake_); }

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
    sem_post(&wake_);
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

// Until there is a call to make, or signals to look for; false: the work is done.
bool Interruptible::wait() {
  const nb::gil_scoped_release release;
  const timespec end = end_of_sleep();
  sem_clockwait(&wake_, CLOCK_MONOTONIC, &end);  // whatever ended it, there is no harm in looking
  const std::lock_guard lock(mutex_);
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
  sem_post(&wake_);
  changed_.wait(lock, [&] { return pending_ == nullptr; });
}

}  // namespace intrain::python
