#include "optim/gradient_exchange.h"

#include <algorithm>
#include <atomic>

#include "core/atomic_max.h"
#include "core/check.h"
#include "core/slice.h"
#include "ops/gradient_pack/gradient_pack.h"
#include "ops/sgd_momentum/sgd_momentum.h"
#include "optim/chunks.h"

namespace intrain {

namespace {

constexpr int kSumBytes = 8;  // where they go as they are
// A rank's part of a bound: from here on sums take 64 bits in any case, and those of all ranks do not overflow.
constexpr uint64_t kMostOfARank = uint64_t{1} << 40;

void pack(ThreadPool& pool, Parameter& p, int64_t begin, int64_t end, int bytes) {
  in_chunks(pool, begin, end,
            [&](int64_t first, int64_t last) { ops::gradient_pack_reference(p.grad.data(), first, last, bytes, p.wire.data()); });
}
void unpack(ThreadPool& pool, Parameter& p, int64_t begin, int64_t end, int bytes) {
  in_chunks(pool, begin, end, [&](int64_t first, int64_t last) {
    ops::gradient_unpack_reference(p.wire.data(), first, last, bytes, p.grad.data());
  });
}

ReduceSpan span_of(Parameter& p, int bytes) {
  using Type = ReduceSpan::Type;
  if (bytes == kSumBytes) return {p.grad.data(), p.count()};
  constexpr Type kTypes[] = {Type::kS8, Type::kS16, Type::kS24, Type::kS32};
  return {kTypes[bytes - 1], p.wire.data(), p.count()};
}

ops::SgdTensor tensor_of(const Parameter& p) {
  return {p.count(), p.master.data(), p.momentum.data(), p.sums(), p.momentum_exp, p.grad_exp, p.grad_bits, p.number};
}

}  // namespace

uint64_t GradientExchange::max_of(const Parameter& p, int64_t begin, int64_t end) {
  std::atomic<uint64_t> most{0};
  in_chunks(pool_, begin, end, [&](int64_t first, int64_t last) {
    atomic_max(most, kernels_.sgd_grad_max({p.grad.data(), first, last}));
  });
  return most;
}

void GradientExchange::begin(Parameter& p) {
  CHECK_EQ(p.wire.size(), p.grad.size() * Parameter::kWireBytes);
  Item& item = at(size_++);
  const uint64_t max = p.grad_max ? *p.grad_max : max_of(p, 0, p.count());
  p.grad_max = {};
  item = {&p, Stage::kBound, kSumBytes, static_cast<int64_t>(std::min(max, kMostOfARank)), reducer_.place()};
  reducer_.begin(ReduceOp::kSum, {&item.value, 1}, Channel::kGradients);
}

// The item changes its place in the ring, so what is reduced of it must not lie in it while it does: it is finished then.
Parameter* GradientExchange::advance_oldest() {
  reducer_.complete(Channel::kGradients);
  const Item oldest = at(0);
  first_ = (first_ + 1) % Reducer::kMostUnderWay;
  --size_;
  ripe_ = std::max(0, ripe_ - 1);
  if (oldest.stage == Stage::kGather) {
    take(oldest);
    return oldest.parameter;
  }
  Item& item = at(size_++) = oldest;
  const Reducer::Place here = reducer_.place();
  reducer_.set_place(item.place.layer, item.place.pass);
  if (item.stage == Stage::kBound)
    scatter(item);
  else if (item.stage == Stage::kMax)
    gather(item);
  else if (rounding_ != nullptr)
    maximum(item);
  else
    gather_sums(item);
  reducer_.set_place(here.layer, here.pass);
  return nullptr;
}

void GradientExchange::scatter(Item& item) {
  Parameter& p = *item.parameter;
  item.stage = Stage::kScatter;
  item.bytes = ops::packed_bytes(static_cast<uint64_t>(item.value));
  if (item.bytes < kSumBytes) pack(pool_, p, 0, p.count(), item.bytes);
  reducer_.begin(ReduceOp::kScatteredSum, span_of(p, item.bytes), Channel::kGradients);
}

void GradientExchange::maximum(Item& item) {
  Parameter& p = *item.parameter;
  const Slice own = slice_of(p.count(), reducer_.rank(), reducer_.ranks());
  item.stage = Stage::kMax;
  if (item.bytes < kSumBytes) unpack(pool_, p, own.first, own.first + own.count, item.bytes);
  item.value = static_cast<int64_t>(max_of(p, own.first, own.first + own.count));
  reducer_.begin(ReduceOp::kMax, {&item.value, 1}, Channel::kGradients);
}

void GradientExchange::gather(Item& item) {
  Parameter& p = *item.parameter;
  const Slice own = slice_of(p.count(), reducer_.rank(), reducer_.ranks());
  item.stage = Stage::kGather;
  const int shift = quantize_shift(static_cast<uint64_t>(item.value), p.grad_bits);
  in_chunks(pool_, own.first, own.first + own.count, [&](int64_t first, int64_t last) {
    ops::sgd_round_gradient_reference({tensor_of(p), *rounding_, {shift, 0}, 0, first, last});
  });
  p.grad_exp += shift;
  item.bytes = p.grad_bits <= 8 ? 1 : 2;
  pack(pool_, p, own.first, own.first + own.count, item.bytes);
  reducer_.begin(ReduceOp::kGather, span_of(p, item.bytes), Channel::kGradients);
}

void GradientExchange::gather_sums(Item& item) {
  item.stage = Stage::kGather;
  reducer_.begin(ReduceOp::kGather, span_of(*item.parameter, item.bytes), Channel::kGradients);
}

void GradientExchange::take(const Item& item) {
  if (item.bytes < kSumBytes) unpack(pool_, *item.parameter, 0, item.parameter->count(), item.bytes);
}

}  // namespace intrain
