#include "checkpoint/checkpoint.h"

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "checkpoint/header.h"
#include "core/error.h"
#include "core/hash.h"
#include "io/atomic_file.h"
#include "io/read_file.h"

namespace intrain {

static_assert(std::endian::native == std::endian::little, "arrays are written as they lie in memory");

namespace {

constexpr char kMagic[8] = {'i', 'n', 't', 'r', 'a', 'i', 'n', '\0'};
constexpr uint32_t kFormatVersion = 3;
constexpr int64_t kPrefixBytes = 16, kHashBytes = 8;
constexpr int64_t kMaxHeaderBytes = int64_t{1} << 26, kMaxFileBytes = int64_t{1} << 34;
constexpr const char* kDamaged = "the file is damaged: use another checkpoint, or train again";

// The whole file, in parts, to put(data, bytes).
template <class Put>
void serialize(const CheckpointInfo& info, const std::vector<StateArray>& state, const std::string& name, const Put& put_bytes) {
  const std::string header = header_text(info, state);
  if (static_cast<int64_t>(header.size()) > kMaxHeaderBytes)
    throw Error("a checkpoint of " + std::to_string(state.size()) + " arrays could not be read again", name,
                "take a net of fewer layers");
  Hash64 hash;
  int64_t written = 0;
  const auto put = [&](const void* data, int64_t bytes) {
    put_bytes(data, static_cast<size_t>(bytes));
    hash.add(data, static_cast<size_t>(bytes));
    written += bytes;
  };
  const auto pad = [&] {
    constexpr char kZeros[8] = {};
    put(kZeros, align8(written) - written);
  };
  const uint32_t words[2] = {kFormatVersion, static_cast<uint32_t>(header.size())};
  put(kMagic, sizeof kMagic);
  put(words, sizeof words);
  put(header.data(), static_cast<int64_t>(header.size()));
  pad();
  for (const StateArray& a : state) {
    if (a.data == nullptr && a.count > 0)
      throw Error("a net without memory has no " + a.name + " to store", name, "call prepare() first");
    put(a.data, a.count * element_bytes(a.type));
    pad();
  }
  const uint64_t digest = hash.digest();
  put_bytes(&digest, sizeof digest);
}

// What read_checkpoint says. read_until(at) brings checkpoint.bytes to that length, `size` that of the whole.
template <class ReadUntil>
void parse(Checkpoint& checkpoint, int64_t size, const ReadUntil& read_until,
           const std::function<void(const Checkpoint&)>& check) {
  constexpr const char* kNotOne = "a run folder holds final.ckpt and best.ckpt";
  const std::string& path = checkpoint.path;
  const std::vector<uint8_t>& bytes = checkpoint.bytes;
  const int64_t end = size - kHashBytes;
  if (end < kPrefixBytes || size > kMaxFileBytes) throw Error("not an intrain checkpoint", path, kNotOne);
  read_until(kPrefixBytes);
  if (std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0)
    throw Error("not an intrain checkpoint: wrong magic number", path, kNotOne);
  uint32_t words[2];
  std::memcpy(words, bytes.data() + sizeof kMagic, sizeof words);
  const uint32_t version = words[0];
  if (version < 1 || version > kFormatVersion)
    throw Error(
        "checkpoint of version " + std::to_string(version) + ", this program reads up to " + std::to_string(kFormatVersion), path,
        "use the intrain that wrote it");
  const int64_t header_bytes = words[1];
  if (header_bytes > kMaxHeaderBytes || align8(kPrefixBytes + header_bytes) > end)
    throw Error("impossible header size", path, kDamaged);
  read_until(kPrefixBytes + header_bytes);
  try {
    parse_header({reinterpret_cast<const char*>(bytes.data()) + kPrefixBytes, words[1]}, version,
                 align8(kPrefixBytes + header_bytes), end, checkpoint);
  } catch (const nlohmann::json::exception& e) {
    throw Error(std::string("broken header: ") + e.what(), path, kDamaged);
  } catch (const std::invalid_argument& e) {
    throw Error(std::string("broken header: ") + e.what(), path, kDamaged);
  } catch (const Error& e) {  // of a setting
    throw Error("broken header: " + e.setting + ": " + e.what(), path, kDamaged);
  }
  if (check) check(checkpoint);
  read_until(end + kHashBytes);
  uint64_t digest;
  std::memcpy(&digest, bytes.data() + end, sizeof digest);
  if (hash64(bytes.data(), static_cast<size_t>(end)) != digest)
    throw Error("the checkpoint's fingerprint does not match its content", path, kDamaged);
}

}  // namespace

void write_checkpoint(const std::string& path, const CheckpointInfo& info, const std::vector<StateArray>& state) {
  AtomicFile file(path);
  serialize(info, state, path, [&](const void* data, size_t bytes) { file.write(data, bytes); });
  file.commit();
}

std::vector<uint8_t> checkpoint_bytes(const CheckpointInfo& info, const std::vector<StateArray>& state) {
  std::vector<uint8_t> all;
  serialize(info, state, "", [&](const void* data, size_t bytes) {
    const auto* from = static_cast<const uint8_t*>(data);
    all.insert(all.end(), from, from + bytes);
  });
  return all;
}

Checkpoint read_checkpoint(const std::string& path, const std::function<void(const Checkpoint&)>& check) {
  InputFile file(path);
  Checkpoint checkpoint;
  checkpoint.path = path;
  const auto read_until = [&](int64_t at) {
    const auto have = static_cast<int64_t>(checkpoint.bytes.size());
    checkpoint.bytes.resize(static_cast<size_t>(at));
    file.read(checkpoint.bytes.data() + have, at - have);
  };
  parse(checkpoint, file.size(), read_until, check);
  return checkpoint;
}

Checkpoint parse_checkpoint(std::vector<uint8_t> bytes, const std::string& name) {
  Checkpoint checkpoint;
  checkpoint.path = name;
  checkpoint.bytes = std::move(bytes);
  parse(checkpoint, static_cast<int64_t>(checkpoint.bytes.size()), [](int64_t) {}, {});
  return checkpoint;
}

}  // namespace intrain
