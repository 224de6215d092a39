// Long work without the GIL, which Ctrl-C ends and which may call Python now and then.
#pragma once

#include <semaphore.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>

namespace intrain::python {

// The work has a thread of its own. The one that called waits, without the GIL; it sees signals, as Python handles them in the main thread only, and
// makes the calls, so that they come in the thread in which Python called. In between it sleeps: the cores are the work's.
class Interruptible {
 public:
  Interruptible();
  ~Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

  // With the GIL. Throws, once the work has ended: first what a signal's handler or a call raised, then what the work threw.
  void run(const std::function<void()>& work);

  // For the work. Once it is not 0 the work should end: a signal's handler or a call raised something, or ask_to_stop was called.
  const std::atomic<int>* stop() const { return &stop_; }
  void ask_to_stop() { stop_ = 1; }
  // For the work: makes a call in the other thread, with the GIL, and waits for it. What it raises run() throws; after that no call is made.
  void call(const std::function<void()>& body);

 private:
  bool wait();
  void make_call();
  template <class Body>
  void keep_error(const Body& body);

  std::atomic<int> stop_{0};
  sem_t wake_;  // of the thread that waits
  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* pending_ = nullptr;  // call
  bool done_ = false;
  std::exception_ptr raised_;  // by Python; handled by the thread that has the GIL alone
};

}  // namespace intrain::python
