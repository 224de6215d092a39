// The state in a checkpoint: numbers outside their formats are refused; with all others every instruction set does the same. The input's
// first byte chooses whether the rest are the numbers themselves, or choices among those at the ends of the formats.
#include <cstdlib>
#include <cstring>

#include "checkpoint/checkpoint.h"
#include "core/error.h"
#include "support/forged_state.h"
#include "support/nets.h"

namespace {

using namespace intrain;

struct Two {
  test::ReadyNet scalar{test::inverted_residuals(), 2, {.isa = Isa::kScalar}};
  test::ReadyNet best{test::inverted_residuals(), 2, {.isa = select_isa()}};
};

// The state of the net, as a checkpoint that is read holds it.
Checkpoint checkpoint_of(Net& net) {
  Checkpoint checkpoint;
  checkpoint.path = "state.ckpt";
  checkpoint.info.model = "fuzz";
  for (const StateArray& a : net.state()) {
    const size_t at = checkpoint.bytes.size(), bytes = static_cast<size_t>(a.count * element_bytes(a.type));
    checkpoint.arrays.push_back({a.name, a.type, a.count, static_cast<int64_t>(at)});
    checkpoint.bytes.resize((at + bytes + 7) / 8 * 8);
    std::memcpy(checkpoint.bytes.data() + at, a.data, bytes);
  }
  return checkpoint;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  static Two nets;
  if (bytes < 2) return 0;
  size_t at = 1;
  const auto next_byte = [&] {
    at = at + 1 < bytes ? at + 1 : 1;
    return data[at];
  };
  Net& net = nets.scalar.net;
  net.initialize(1);
  if (data[0] % 2 == 0) {
    test::forge_state(net, [&](uint64_t n) {
      uint64_t number = 0;
      for (uint64_t span = n - 1;; span >>= 8) {
        number = number << 8 | next_byte();
        if (span < 256) break;
      }
      return n == 0 ? number : number % n;
    });
  }
  Checkpoint checkpoint = checkpoint_of(net);
  if (data[0] % 2 != 0)  // a few numbers, somewhere
    for (int i = 0; i < 8; ++i) {
      const size_t place = (size_t{next_byte()} << 16 | size_t{next_byte()} << 8 | next_byte()) % checkpoint.bytes.size();
      checkpoint.bytes[place] = next_byte();
    }
  try {
    for (test::ReadyNet* ready : {&nets.scalar, &nets.best}) {
      restore_state(checkpoint, "fuzz", ready->net.state());
      ready->net.quantize_parameters();
      ready->net.evaluate(test::synthetic_batch(2));
    }
  } catch (const Error&) {
    return 0;
  }
  if (test::logits_of(nets.scalar.net, 2) != test::logits_of(nets.best.net, 2)) std::abort();
  for (test::ReadyNet* ready : {&nets.scalar, &nets.best}) ready->train(test::synthetic_batch(2), 100, data[1]);
  if (test::state_of(nets.scalar.net) != test::state_of(nets.best.net)) std::abort();
  try {
    restore_state(checkpoint_of(nets.best.net), "fuzz", nets.scalar.net.state());
  } catch (const Error&) {
    std::abort();  // a step has left what cannot be loaded
  }
  return 0;
}
