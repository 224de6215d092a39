// What comes from a device: a state, as it comes and with a checksum that fits, so that what lies behind it is read; and a record of samples.
#include <cstddef>
#include <cstring>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "exchange/firmware/device_base.h"
#include "exchange/firmware/device_state.h"
#include "exchange/firmware/replay.h"
#include "micro/state.h"
#include "support/memory_file.h"
#include "train/step.h"

namespace {

using namespace intrain;

// What is taken for a state is one that a step can go on from.
void read_state(const Checkpoint& base, const std::vector<uint8_t>& bytes) {
  try {
    const DeviceState state = parse_device_state(bytes, "device.state");
    DeviceNet device(base, state.learning_layers);
    restore_device_state(state, base, device);
    train_step(device.net, test::synthetic_batch(1), device.step);
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Checkpoint base = test::device_base("momentum");
  static const uint64_t identity = [] {
    DeviceNet device(base, 1);
    return device.plan().net.identity;
  }();
  std::vector<uint8_t> bytes(data, data + size);
  read_state(base, bytes);
  if (size >= micro::kPageBytes) {  // as if it were of this net
    std::memcpy(bytes.data() + offsetof(micro::StateHeader, identity), &identity, sizeof identity);
    const uint64_t digest = hash64(bytes.data(), size - sizeof digest);
    std::memcpy(bytes.data() + size - sizeof digest, &digest, sizeof digest);
    read_state(base, bytes);
  }
  const test::MemoryFile file(data, size);
  try {
    DeviceNet device(base, 1);
    replay(file.path(), base.info, device);
  } catch (const Error&) {
  }
  return 0;
}
