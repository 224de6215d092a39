#include "exchange/firmware/device_state.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <map>

#include "core/error.h"
#include "core/hash.h"
#include "io/read_file.h"
#include "micro/state.h"
#include "micro/step.h"
#include "settings/config.h"
#include "settings/scalar10.h"

namespace intrain {

namespace {

static_assert(std::endian::native == std::endian::little, "integers are taken as they lie in the file");

constexpr int64_t kMostBytes = int64_t{1} << 30;
constexpr const char* kNotOne = "a state is what intrain_save writes to a slot, all INTRAIN_STATE_BYTES of it";

// The arrays of the net that a device holds, and where.
struct Placed {
  StateArray array;
  micro::Place place;
};
std::vector<Placed> placed_arrays(DeviceNet& device, const FirmwarePlan& plan) {
  std::map<std::string, micro::Place> places;
  for (const micro::Layer& layer : plan.layers)
    for (const micro::Tensor* t : {&layer.weight, &layer.gamma, &layer.beta}) {
      if (t->count == 0) continue;
      const std::string name = reinterpret_cast<const char*>(plan.constants.data() + t->name);
      places[name] = t->master;
      places[name + ".momentum"] = t->momentum;
      places[name + ".momentum_exp"] = t->momentum_exp;
    }
  std::vector<Placed> placed;
  for (const StateArray& a : device.net.state())
    if (const auto at = places.find(a.name); at != places.end()) placed.push_back({a, at->second});
  return placed;
}
size_t bytes_of(const StateArray& a) { return static_cast<size_t>(a.count * element_bytes(a.type)); }

}  // namespace

DeviceState parse_device_state(const std::vector<uint8_t>& bytes, const std::string& name) {
  micro::StateHeader header;
  if (bytes.size() < micro::kPageBytes || bytes.size() % micro::kPageBytes != 0 ||
      static_cast<int64_t>(bytes.size()) > kMostBytes)
    throw Error("a file of " + std::to_string(bytes.size()) + " bytes is no state of a device", name, kNotOne);
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, micro::kStateMagic, sizeof header.magic) != 0)
    throw Error("no state of a device: wrong magic number", name, kNotOne);
  if (header.version != micro::kStateVersion)
    throw Error(
        "a state of version " + std::to_string(header.version) + ", this program reads " + std::to_string(micro::kStateVersion),
        name, "use the intrain that made the firmware");
  uint64_t digest;
  std::memcpy(&digest, bytes.data() + bytes.size() - sizeof digest, sizeof digest);
  if (hash64(bytes.data(), bytes.size() - sizeof digest) != digest)
    throw Error("the state's checksum does not match its content", name, "take the other slot: one of them is whole");
  if (header.state_bytes < sizeof(micro::Progress) || header.state_bytes > bytes.size() ||
      micro::state_image_bytes(header.state_bytes) != bytes.size() || header.learning_layers > INT32_MAX)
    throw Error("the state says that it is of another length", name, kNotOne);
  const auto begin = bytes.begin() + sizeof header;
  DeviceState state{name, static_cast<int>(header.learning_layers), header.identity, {begin, begin + header.state_bytes}};
  const micro::Progress& progress = micro::progress(state.block.data());
  if (progress.zero != 0 || progress.steps > INT32_MAX || !micro::is_rate(progress.rate))
    throw Error("the state has a number of steps or a rate that no device has", name, kNotOne);
  return state;
}

DeviceState read_device_state(const std::string& path) {
  return parse_device_state(read_file(path, micro::kPageBytes, kMostBytes, "it is no state of a device", kNotOne), path);
}

std::vector<uint8_t> device_state_bytes(DeviceNet& device, const Scalar10& rate, uint32_t steps) {
  const FirmwarePlan plan = device.plan();
  std::vector<uint8_t> bytes(micro::state_image_bytes(plan.net.state_bytes));
  micro::StateHeader header{};
  std::memcpy(header.magic, micro::kStateMagic, sizeof header.magic);
  header.version = micro::kStateVersion;
  header.learning_layers = static_cast<uint32_t>(plan.net.learning_layers);
  header.identity = plan.net.identity;
  header.sequence = 1;
  header.state_bytes = plan.net.state_bytes;
  std::memcpy(bytes.data(), &header, sizeof header);
  uint8_t* const block = bytes.data() + sizeof header;
  const micro::Progress progress{steps, 0, rate};
  std::memcpy(block, &progress, sizeof progress);
  for (const Placed& p : placed_arrays(device, plan)) std::memcpy(block + p.place, p.array.data, bytes_of(p.array));
  const uint64_t digest = hash64(bytes.data(), bytes.size() - sizeof digest);
  std::memcpy(bytes.data() + bytes.size() - sizeof digest, &digest, sizeof digest);
  return bytes;
}

std::vector<uint8_t> device_state_of(const Checkpoint& checkpoint, int learning_layers) {
  if (learning_layers == 0) throw Error("what only predicts has no state", "--mode", "give the mode of firmware that learns");
  DeviceNet device(checkpoint, learning_layers);
  const std::optional<DeviceSteps>& steps = checkpoint.info.device;
  if (!steps || steps->learning_layers != learning_layers) return device_state_bytes(device, device.step.rate, 0);
  if (!micro::is_rate(steps->rate))
    throw Error("the checkpoint of a device has a rate that no device has", checkpoint.path,
                "make it anew of the device's state");
  restore_state(checkpoint, checkpoint.info.model, device.net.state());
  return device_state_bytes(device, steps->rate, static_cast<uint32_t>(checkpoint.info.step));
}

void restore_device_state(const DeviceState& state, const Checkpoint& base, DeviceNet& device) {
  const FirmwarePlan plan = device.plan();
  if (plan.net.identity != state.identity || plan.net.state_bytes != state.block.size())
    throw Error("the state is not of this checkpoint's net, or of other numbers in the layers that stay", state.name,
                "give the checkpoint that the firmware was exported from");
  const std::vector<Placed> placed = placed_arrays(device, plan);
  // As a checkpoint of its own, so that its numbers are checked as one's are.
  for (const Placed& p : placed) std::memcpy(p.array.data, state.block.data() + p.place, bytes_of(p.array));
  const std::string& model = base.info.model;
  restore_state(parse_checkpoint(checkpoint_bytes(base.info, device.net.state()), state.name), model, device.net.state());
  device.net.quantize_parameters();
  const micro::Progress& progress = micro::progress(state.block.data());
  device.step.step = progress.steps;
  device.step.rate = progress.rate;
}

CheckpointInfo device_checkpoint_info(const Checkpoint& base, DeviceNet& device) {
  CheckpointInfo info = base.info;
  info.step = device.step.step;
  info.epoch = info.best_epoch = info.best_hits = info.epoch_count = info.epoch_hits = 0;
  info.epoch_loss = 0;
  TrainConfig& config = info.config;
  config.batch = config.accumulate = 1;
  config.mixup = "none";  // which takes two images
  config.freeze.clear();
  for (const Parameter* p : device.net.parameters())
    if (p->frozen) config.freeze.push_back(p->name);
  config.whiten = false;  // `freeze` says whether its filters stay
  config.freeze_statistics = true;
  config.running_statistics = false;
  config.average = 0;
  config.init_from = base.path;
  info.device = DeviceSteps{device.learning_layers, device.step.rate};
  // The nearest thing for trainings that go on; a rate that the setting does not take, as 0, is left out.
  const double rate = std::ldexp(device.step.rate.mantissa, device.step.rate.exp);
  if (rate >= 1e-9 && rate <= 100) config.lr = rate;
  validate(config);  // else nobody could read what is written
  return info;
}

}  // namespace intrain
