// TensorBoard event files: scalars of steps and epochs, exponents and shares of zero and saturated numbers, histograms of the parameters.
//
// A file is a sequence of records, little-endian: u64 length, u32 masked CRC-32C of the length, the message (tensorboard.proto), u32 masked
// CRC-32C of the message; masked: (crc >> 15 | crc << 17) + 0xa282ead8.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/parameter.h"
#include "train/observer.h"
#include "train/tensor_counts.h"

namespace intrain {

class TensorBoardFile {
 public:
  // Makes a new events.out.tfevents.<time>.<process> in `folder`. first_step: steps done before; what earlier files of the folder tell of
  // later ones no longer counts. Throws Error, as do all, if it cannot be written.
  TensorBoardFile(const std::string& folder, int64_t first_step);
  ~TensorBoardFile();
  TensorBoardFile(const TensorBoardFile&) = delete;
  TensorBoardFile& operator=(const TensorBoardFile&) = delete;

  void add(const StepReport& report);
  void add(int64_t step, const std::vector<LayerNumbers>& layers);
  void add(const EpochReport& report);
  // Their stored values.
  void add(int64_t step, const std::vector<Parameter*>& parameters);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// CRC-32C (Castagnoli) as in RFC 3720, appendix B.4: polynomial 0x1EDC6F41 reflected, start and final XOR of all ones.
uint32_t crc32c(std::string_view bytes);

}  // namespace intrain
