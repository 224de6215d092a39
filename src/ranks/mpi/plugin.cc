// The plug-in intrain_mpi.so: ranks/mpi_plugin.h over MPI. It reduces integers alone.
#include <mpi.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <deque>
#include <iterator>
#include <string>
#include <vector>

#include "core/version.h"
#include "ranks/mpi_plugin.h"

namespace {

constexpr int kSlots = 32, kChannels = 3;
constexpr int32_t kMostMessageBytes = 256;
// Elements of one call: MPI counts in int, and what is large goes in pieces that follow each other through a ring.
constexpr int64_t kPiece = int64_t{1} << 20;
static_assert(kPiece < int64_t{1} << 31);

// What a collective needs until it is done. Vectors keep their memory: the next step needs as much.
struct Slot {
  std::vector<MPI_Request> requests;
  std::vector<int> send_counts, send_at, receive_counts, receive_at;
};

struct Message {
  int to;
  MPI_Request request = MPI_REQUEST_NULL;
  char bytes[kMostMessageBytes];
};

MPI_Comm g_channels[kChannels], g_messages;
int g_ranks = 0;
bool g_is_mine = true;  // MPI: initialized here, and so finalized
Slot g_slots[kSlots];
MPI_Datatype g_types[9];     // by width in bytes
std::deque<Message> g_sent;  // messages on their way do not move
char g_library[MPI_MAX_LIBRARY_VERSION_STRING];

// Null if it went well.
const char* text_of(int status) {
  static char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  if (status == MPI_SUCCESS) return nullptr;
  if (MPI_Error_string(status, text, &length) != MPI_SUCCESS) std::snprintf(text, sizeof text, "error %d", status);
  return text;
}

#define INTRAIN_MPI(call)                                                   \
  do {                                                                      \
    if (const int code = (call); code != MPI_SUCCESS) return text_of(code); \
  } while (false)

const char* join(int32_t shared, int32_t* rank, int32_t* ranks, const char** library, const char** hint) {
  int provided = MPI_THREAD_SINGLE, initialized = 0, finalized = 0;
  INTRAIN_MPI(MPI_Finalized(&finalized));
  if (finalized) {
    *hint = "join the ranks before the process finalizes MPI";
    return "the process has finalized it already";
  }
  INTRAIN_MPI(MPI_Initialized(&initialized));
  g_is_mine = initialized == 0;
  if (g_is_mine) {
    const int level = shared ? MPI_THREAD_MULTIPLE : MPI_THREAD_SERIALIZED;
    INTRAIN_MPI(MPI_Init_thread(nullptr, nullptr, level, &provided));
    // What comes later, as mpi4py, calls it, too.
    if (shared && provided < MPI_THREAD_MULTIPLE) {
      *hint = "use an MPI that was built with it, as Debian's are";
      return "it lets one thread at a time call it (no MPI_THREAD_MULTIPLE)";
    }
    if (provided < MPI_THREAD_SERIALIZED) return "it lets one thread alone call it (no MPI_THREAD_SERIALIZED)";
    INTRAIN_MPI(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
  } else {
    // Who initialized it calls it, too, and knows nothing of the calls here.
    INTRAIN_MPI(MPI_Query_thread(&provided));
    if (provided < MPI_THREAD_MULTIPLE) {
      *hint = "leave mpi4py.rc.thread_level at 'multiple', or join the ranks before MPI is initialized elsewhere";
      return "the process has initialized it without MPI_THREAD_MULTIPLE";
    }
  }
  for (MPI_Comm* mine : {&g_channels[0], &g_channels[1], &g_channels[2], &g_messages}) {
    INTRAIN_MPI(MPI_Comm_dup(MPI_COMM_WORLD, mine));
    INTRAIN_MPI(MPI_Comm_set_errhandler(*mine, MPI_ERRORS_RETURN));
  }
  int n = 0;
  INTRAIN_MPI(MPI_Comm_rank(MPI_COMM_WORLD, &n));
  *rank = n;
  INTRAIN_MPI(MPI_Comm_size(MPI_COMM_WORLD, &g_ranks));
  *ranks = g_ranks;
  for (int width = 1; width < static_cast<int>(std::size(g_types)); ++width) {
    INTRAIN_MPI(MPI_Type_contiguous(width, MPI_BYTE, &g_types[width]));
    INTRAIN_MPI(MPI_Type_commit(&g_types[width]));
  }
  INTRAIN_MPI(MPI_Get_library_version(g_library, &n));
  g_library[std::min<size_t>(std::strcspn(g_library, ",\n"), sizeof g_library - 1)] = '\0';
  *library = g_library;
  return nullptr;
}

const char* reduce(int32_t slot, int32_t channel, int32_t op, int32_t type, void* data, int64_t count) {
  const bool wide = type == kIntrainMpiS64, sum = op == kIntrainMpiSum;
  // Sums without a sign, which may wrap.
  const MPI_Datatype element = sum ? (wide ? MPI_UINT64_T : MPI_UINT32_T) : (wide ? MPI_INT64_T : MPI_INT32_T);
  for (int64_t at = 0; at < count; at += kPiece) {
    MPI_Request& request = g_slots[slot].requests.emplace_back(MPI_REQUEST_NULL);
    INTRAIN_MPI(MPI_Iallreduce(MPI_IN_PLACE, static_cast<char*>(data) + at * (wide ? 8 : 4),
                               static_cast<int>(std::min(kPiece, count - at)), element, sum ? MPI_SUM : MPI_MAX,
                               g_channels[channel], &request));
  }
  return nullptr;
}

// Counts and places of MPI from those of the program.
const char* set_parts(const int64_t* at, std::vector<int>& counts, std::vector<int>& places) {
  if (at[g_ranks] >= int64_t{1} << 31) return "an array of 2^31 elements or more";
  counts.resize(static_cast<size_t>(g_ranks));
  places.resize(static_cast<size_t>(g_ranks));
  for (int r = 0; r < g_ranks; ++r) {
    places[static_cast<size_t>(r)] = static_cast<int>(at[r]);
    counts[static_cast<size_t>(r)] = static_cast<int>(at[r + 1] - at[r]);
  }
  return nullptr;
}

const char* exchange(int32_t slot, int32_t channel, int32_t width, const void* send, const int64_t* send_at, void* receive,
                     const int64_t* receive_at) {
  Slot& s = g_slots[slot];
  if (const char* failure = set_parts(send_at, s.send_counts, s.send_at)) return failure;
  if (const char* failure = set_parts(receive_at, s.receive_counts, s.receive_at)) return failure;
  MPI_Request& request = s.requests.emplace_back(MPI_REQUEST_NULL);
  return text_of(MPI_Ialltoallv(send, s.send_counts.data(), s.send_at.data(), g_types[width], receive, s.receive_counts.data(),
                                s.receive_at.data(), g_types[width], g_channels[channel], &request));
}

const char* gather(int32_t slot, int32_t channel, int32_t width, void* data, const int64_t* at) {
  Slot& s = g_slots[slot];
  if (const char* failure = set_parts(at, s.receive_counts, s.receive_at)) return failure;
  MPI_Request& request = s.requests.emplace_back(MPI_REQUEST_NULL);
  return text_of(MPI_Iallgatherv(MPI_IN_PLACE, 0, g_types[width], data, s.receive_counts.data(), s.receive_at.data(),
                                 g_types[width], g_channels[channel], &request));
}

const char* test(int32_t slot, int32_t* done) {
  std::vector<MPI_Request>& requests = g_slots[slot].requests;
  int flag = 0;
  INTRAIN_MPI(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &flag, MPI_STATUSES_IGNORE));
  if (flag) requests.clear();
  *done = flag;
  return nullptr;
}

const char* send(int32_t to, const void* message, int32_t size, int32_t* sent) {
  *sent = 0;
  if (size < 0 || size > kMostMessageBytes) return "a message that is too long";
  auto place = std::find_if(g_sent.begin(), g_sent.end(), [&](const Message& m) { return m.to == to; });
  if (place == g_sent.end()) {
    g_sent.push_back({.to = to, .bytes = {}});
    place = std::prev(g_sent.end());
  }
  int done = 1;
  INTRAIN_MPI(MPI_Test(&place->request, &done, MPI_STATUS_IGNORE));
  if (!done) return nullptr;
  std::memcpy(place->bytes, message, static_cast<size_t>(size));
  *sent = 1;
  return text_of(MPI_Isend(place->bytes, size, MPI_BYTE, to, 0, g_messages, &place->request));
}

const char* receive(void* message, int32_t size, int32_t* from) {
  int there = 0;
  MPI_Status status;
  *from = -1;
  INTRAIN_MPI(MPI_Iprobe(MPI_ANY_SOURCE, 0, g_messages, &there, &status));
  if (!there) return nullptr;
  *from = status.MPI_SOURCE;
  return text_of(MPI_Recv(message, size, MPI_BYTE, status.MPI_SOURCE, 0, g_messages, MPI_STATUS_IGNORE));
}

void end_all(int32_t status) { MPI_Abort(MPI_COMM_WORLD, status); }

const char* leave() {
  for (Message& m : g_sent) INTRAIN_MPI(MPI_Wait(&m.request, MPI_STATUS_IGNORE));
  for (int width = 1; width < static_cast<int>(std::size(g_types)); ++width) INTRAIN_MPI(MPI_Type_free(&g_types[width]));
  for (MPI_Comm& channel : g_channels) INTRAIN_MPI(MPI_Comm_free(&channel));
  INTRAIN_MPI(MPI_Comm_free(&g_messages));
  return g_is_mine ? text_of(MPI_Finalize()) : nullptr;
}

constexpr IntrainMpiPlugin kPlugin = {kIntrainMpiAbi,
                                      sizeof(IntrainMpiPlugin),
                                      intrain::kVersion,
                                      join,
                                      kSlots,
                                      reduce,
                                      exchange,
                                      gather,
                                      test,
                                      send,
                                      receive,
                                      end_all,
                                      leave};

}  // namespace

extern "C" __attribute__((visibility("default"))) const IntrainMpiPlugin* intrain_mpi_plugin() { return &kPlugin; }
