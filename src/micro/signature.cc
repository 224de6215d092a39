#include "micro/signature.h"

#include "micro/hash.h"

namespace intrain::micro {
namespace {

void add_text(Hash& hash, const char* text) {
  while (*text != 0) hash.add(text++, 1);
}

void add(Hash& hash, const Net& net, const Tensor& t, const uint8_t* arena) {
  if (t.count == 0) return;
  const char* const name = constant<char>(net, t.name);
  const size_t count = static_cast<size_t>(t.count);
  add_text(hash, name);
  hash.add(place<uint8_t>(arena, t.master), count * 4);
  if (t.momentum == kNone) return;
  add_text(hash, name);
  add_text(hash, ".momentum");
  hash.add(place<uint8_t>(arena, t.momentum), count * 2);
  add_text(hash, name);
  add_text(hash, ".momentum_exp");
  hash.add(place<uint8_t>(arena, t.momentum_exp), 4);
}

void add_running(Hash& hash, const Net& net, const Layer& layer, const char* what, Constant values) {
  add_text(hash, constant<char>(net, layer.name));
  add_text(hash, what);
  hash.add(constant<uint8_t>(net, values), static_cast<size_t>(layer.shape.k) * 8);
}

}  // namespace

uint64_t signature(const Net& net, const uint8_t* arena) {
  Hash hash;
  if (net.hashed != kNone) hash = *constant<Hash>(net, net.hashed);
  for (int32_t i = 0; i < net.layer_count; ++i) {
    add(hash, net, net.layers[i].weight, arena);
    add(hash, net, net.layers[i].gamma, arena);
    add(hash, net, net.layers[i].beta, arena);
  }
  for (int32_t i = 0; i < net.layer_count; ++i) {
    const Layer& layer = net.layers[i];
    if (layer.kind != LayerKind::kConvNorm) continue;
    add_running(hash, net, layer, ".running_mean", layer.running_mean);
    add_running(hash, net, layer, ".running_var", layer.running_var);
  }
  const int64_t steps = progress(arena).steps;
  hash.add(&steps, sizeof steps);
  return hash.digest();
}

}  // namespace intrain::micro
