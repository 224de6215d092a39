#include "io/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>

#include "checkpoint/checkpoint_tensors.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::Bytes;
using test::expect_error;
using test::TempFolder;
using test::write_bytes;

Bytes file_of(const std::string& header, size_t data_bytes) {
  Bytes bytes(8 + header.size() + data_bytes);
  const uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

TEST(Safetensors, ReadsWhatItHasWritten) {
  const TempFolder folder;
  const std::string path = folder.file("net.safetensors");
  const std::vector<int32_t> a = {1, -2, 3, INT32_MIN, INT32_MAX, 0};
  const std::vector<int16_t> b = {7};
  write_safetensors(path, {{"model", "a \"quoted\" name"}},
                    {{"a", "I32", {2, 3}, a.data()}, {"none", "I64", {0, 5}, nullptr}, {"b", "I16", {}, b.data()}});
  const SafetensorsFile file = read_safetensors(path);
  EXPECT_EQ(file.metadata.at("model"), "a \"quoted\" name");
  ASSERT_EQ(file.tensors.size(), 3);
  EXPECT_EQ(file.tensors[0].name, "a");
  EXPECT_EQ(file.tensors[0].type, "I32");
  EXPECT_EQ(file.tensors[0].shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(file.tensors[0].data, a.data(), 24), 0);
  EXPECT_EQ(file.tensors[1].count(), 0);
  EXPECT_EQ(file.tensors[2].count(), 1);
  EXPECT_EQ(std::memcmp(file.tensors[2].data, b.data(), 2), 0);
  // The data begin at a multiple of 8.
  uint64_t length;
  std::memcpy(&length, test::read_bytes(path).data(), 8);
  EXPECT_EQ(length % 8, 0);
}

TEST(Safetensors, RefusesWhatIsNone) {
  const TempFolder folder;
  const std::string path = folder.file("bad.safetensors");
  const auto refused = [&](const Bytes& bytes, const std::string& what) {
    write_bytes(path, bytes);
    expect_error([&] { read_safetensors(path); }, what, path);
  };
  const auto one = [](const std::string& members) { return R"({"w":{)" + members + "}}"; };
  expect_error([&] { read_safetensors(folder.file("none")); }, "cannot open", "none");
  refused({}, "not a safetensors file");
  refused({1, 2, 3}, "not a safetensors file");
  Bytes huge = file_of("{}", 0);
  std::memset(huge.data(), 255, 8);
  refused(huge, "18446744073709551615 bytes");
  refused(file_of("[]", 0), "no object");
  refused(file_of("{", 0), "broken header");
  refused(file_of(R"({"w":3})", 0), "broken header");
  refused(file_of(R"({"__metadata__":{"a":1}})", 0), "broken header");
  refused(file_of(one(R"("dtype":"F33","shape":[1],"data_offsets":[0,4])"), 4), "'w' has the unknown type 'F33'");
  refused(file_of(one(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"), 4), "'w' has another size");
  refused(file_of(one(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])"), 4), "impossible shape of tensor 'w'");
  refused(file_of(one(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])"), 0), "impossible shape");
  refused(file_of(one(R"("dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0])"), 0), "another size");
  refused(file_of(one(R"("dtype":"F32","shape":[1.5],"data_offsets":[0,4])"), 4), "broken header");
  refused(file_of(one(R"("dtype":"F32","shape":[1],"data_offsets":[0])"), 4), "not two numbers");
  refused(file_of(one(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])"), 4), "does not lie in the file");
  refused(file_of(one(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])"), 8), "a gap or an overlap before tensor 'w'");
  refused(file_of(one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])"), 8), "bytes after the last tensor");
  refused(
      file_of(R"({"v":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"w":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}})", 7),
      "overlap before tensor 'w'");
}

TEST(Safetensors, HoldsACheckpointsArrays) {
  const TempFolder folder;
  std::vector<int32_t> weight = {1, -2, 3, 4, 5, 6};
  std::vector<int16_t> momentum = {1, 2, 3, 4, 5, 6};
  int32_t momentum_exp = -31;
  std::vector<int64_t> mean = {int64_t{1} << 40};
  CheckpointInfo info;
  info.model = "mlp";
  info.h = info.w = info.c = 1;
  info.classes = 2;
  info.class_names = {"one", "two"};
  info.step = 12;
  info.normalization.assign(256, 5);
  write_checkpoint(folder.file("a.ckpt"), info,
                   {{"l.weight", ElementType::kS32, 6, weight.data()},
                    {"l.weight.momentum", ElementType::kS16, 6, momentum.data()},
                    {"l.weight.momentum_exp", ElementType::kS32, 1, &momentum_exp},
                    {"l.running_mean", ElementType::kS64, 1, mean.data()}});
  const Checkpoint checkpoint = read_checkpoint(folder.file("a.ckpt"));
  Parameter parameter;
  parameter.name = "l.weight";
  parameter.shape = {2, 3};
  write_safetensors(folder.file("a.safetensors"), checkpoint_metadata(checkpoint), checkpoint_tensors(checkpoint, {&parameter}));

  SafetensorsFile file = read_safetensors(folder.file("a.safetensors"));
  EXPECT_EQ(file.metadata["model"], "mlp");
  EXPECT_EQ(file.metadata["step"], "12");
  EXPECT_EQ(file.metadata["input"], "[1,1,1]");
  EXPECT_EQ(file.metadata["class_names"], R"(["one","two"])");
  EXPECT_EQ(file.metadata["exponents"], R"({"l.weight":-24,"l.weight.momentum":-31,"l.running_mean":-32})");
  ASSERT_EQ(file.tensors.size(), 3);
  EXPECT_EQ(file.tensors[0].shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(file.tensors[0].data, weight.data(), 24), 0);
  EXPECT_EQ(file.tensors[1].type, "I16");
  EXPECT_EQ(file.tensors[1].shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(file.tensors[2].name, "l.running_mean");
  EXPECT_EQ(file.tensors[2].type, "I64");
  EXPECT_EQ(std::memcmp(file.tensors[2].data, mean.data(), 8), 0);
}

}  // namespace
}  // namespace intrain
