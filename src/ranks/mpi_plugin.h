// The interface between intrain and the plug-in that calls MPI (ranks/mpi/plugin.cc): functions and plain data alone, so that the program needs
// no MPI, and the plug-in may be built by another compiler. The plug-in only passes on; what is done when is decided in ranks/mpi_ranks.cc.
//
// The functions are called one at a time, on any thread. Those that give a text return null, or why it failed, which stays until the next call.
#pragma once

#include <cstdint>

extern "C" {

enum IntrainMpiType : int32_t { kIntrainMpiS32, kIntrainMpiS64 };
enum IntrainMpiOp : int32_t { kIntrainMpiSum, kIntrainMpiMax };
// Communicators of their own: what is begun on one waits for nothing of another.
enum IntrainMpiChannel : int32_t { kIntrainMpiSmall, kIntrainMpiGradients, kIntrainMpiControl };

struct IntrainMpiPlugin {
  int32_t abi;          // kIntrainMpiAbi
  int32_t bytes;        // of this struct
  const char* version;  // of the intrain that it was built with

  // Becomes a rank. shared: others in this process may call MPI, too, on any thread. library: which MPI it is. Where it fails, hint is what to do
  // about it, or is left as it is.
  const char* (*join)(int32_t shared, int32_t* rank, int32_t* ranks, const char** library, const char** hint);
  // Each begins a collective in slot 0 .. slots - 1, which is then `test`ed until done.
  int32_t slots;
  // In place, on all ranks. Sums are modulo 2^bits.
  const char* (*reduce)(int32_t slot, int32_t channel, int32_t op, int32_t type, void* data, int64_t count);
  // Of arrays of fewer than 2^31 elements of `width` bytes. exchange: elements send_at[r] up to send_at[r + 1] go to rank r, and those from
  // receive_at[r] on come from it. gather: elements at[r] up to at[r + 1] of rank r go to all others, in place.
  const char* (*exchange)(int32_t slot, int32_t channel, int32_t width, const void* send, const int64_t* send_at, void* receive,
                          const int64_t* receive_at);
  const char* (*gather)(int32_t slot, int32_t channel, int32_t width, void* data, const int64_t* at);
  const char* (*test)(int32_t slot, int32_t* done);

  // Short messages that nobody waits for. sent: 0 if an earlier one to that rank is still on its way. from: -1 if there is none.
  const char* (*send)(int32_t to, const void* message, int32_t size, int32_t* sent);
  const char* (*receive)(void* message, int32_t size, int32_t* from);

  // Ends all ranks.
  void (*abort)(int32_t status);
  // The last call, on all ranks, with nothing under way.
  const char* (*leave)();
};

enum : int32_t { kIntrainMpiAbi = 2 };

// What the plug-in exports.
const IntrainMpiPlugin* intrain_mpi_plugin();

}  // extern "C"
