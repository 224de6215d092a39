// The numbers of an ONNX model's tensors, in whichever way and file it holds them.
#include "exchange/import/onnx_model.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "support/small_onnx.h"

namespace intrain::test {
namespace {

namespace fs = std::filesystem;

class OnnxTensors : public testing::Test {
 protected:
  // The numbers of a tensor that `fill` writes, read from a file.
  std::vector<float> floats(int32_t type, const std::vector<int64_t>& shape,
                            const std::function<void(onnx::TensorProto&)>& fill) {
    OnnxBuilder b;
    fill(b.tensor(type, shape));
    b.node("Identity", {"images"});
    b.write(path_);
    const OnnxModel model(path_);
    return model.floats(model.graph().initializer(0));
  }
  std::vector<int64_t> integers(int32_t type, const std::vector<int64_t>& shape,
                                const std::function<void(onnx::TensorProto&)>& fill) {
    OnnxBuilder b;
    fill(b.tensor(type, shape));
    b.node("Identity", {"images"});
    b.write(path_);
    const OnnxModel model(path_);
    return model.integers(model.graph().initializer(0));
  }
  // A tensor of four numbers in `location`.
  std::function<void(onnx::TensorProto&)> external(const std::string& location, const std::string& offset = "",
                                                   const std::string& length = "") {
    return [=](onnx::TensorProto& t) {
      t.set_data_location(onnx::TensorProto::EXTERNAL);
      for (const auto& [key, value] : {std::pair<std::string, std::string>{"location", location},
                                       {"offset", offset},
                                       {"length", length},
                                       {"checksum", "none"}}) {
        if (value.empty()) continue;
        onnx::StringStringEntryProto& entry = *t.add_external_data();
        entry.set_key(key);
        entry.set_value(value);
      }
    };
  }
  void refused(const std::string& location, const std::string& what, const std::string& offset = "",
               const std::string& length = "") {
    expect_error([&] { floats(onnx::TensorProto::FLOAT, {2, 2}, external(location, offset, length)); }, what, path_);
  }
  template <class T>
  static std::function<void(onnx::TensorProto&)> raw(const std::vector<T>& values) {
    return [=](onnx::TensorProto& t) { t.set_raw_data(values.data(), values.size() * sizeof(T)); };
  }
  static void write_floats(const std::string& path, const std::vector<float>& values) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
    write_bytes(path, Bytes(bytes, bytes + values.size() * sizeof(float)));
  }

  const TempFolder folder_;
  const std::string inside_ = folder_.file("model");
  const std::string path_ = inside_ + "/net.onnx";
  const std::vector<float> numbers_ = {1, -2.5F, 0.125F, 4};
  OnnxTensors() { fs::create_directory(inside_); }
};

TEST_F(OnnxTensors, AllKindsOfFloatingPoint) {
  using T = onnx::TensorProto;
  const std::vector<uint16_t> halves = {0x3C00, 0xC100, 0x3000, 0x4400}, brains = {0x3F80, 0xC020, 0x3E00, 0x4080};
  EXPECT_EQ(floats(T::FLOAT, {4}, raw(numbers_)), numbers_);
  EXPECT_EQ(floats(T::FLOAT, {2, 2}, [&](T& t) { t.mutable_float_data()->Add(numbers_.begin(), numbers_.end()); }), numbers_);
  EXPECT_EQ(floats(T::FLOAT16, {4}, raw(halves)), numbers_);
  EXPECT_EQ(floats(T::FLOAT16, {4}, [&](T& t) { t.mutable_int32_data()->Add(halves.begin(), halves.end()); }), numbers_);
  EXPECT_EQ(floats(T::BFLOAT16, {4}, raw(brains)), numbers_);
  EXPECT_EQ(floats(T::BFLOAT16, {4}, [&](T& t) { t.mutable_int32_data()->Add(brains.begin(), brains.end()); }), numbers_);
  EXPECT_EQ(floats(T::DOUBLE, {4}, raw(std::vector<double>(numbers_.begin(), numbers_.end()))), numbers_);
  EXPECT_EQ(floats(T::DOUBLE, {4}, [&](T& t) { t.mutable_double_data()->Add(numbers_.begin(), numbers_.end()); }), numbers_);
  EXPECT_EQ(floats(T::FLOAT, {}, raw(std::vector<float>{7})), std::vector<float>{7});
}

TEST_F(OnnxTensors, ShapesAndAxes) {
  using T = onnx::TensorProto;
  EXPECT_EQ(integers(T::INT64, {2}, raw(std::vector<int64_t>{-1, 8})), (std::vector<int64_t>{-1, 8}));
  EXPECT_EQ(integers(T::INT32, {2}, raw(std::vector<int32_t>{-1, 8})), (std::vector<int64_t>{-1, 8}));
  EXPECT_EQ(integers(T::INT64, {}, [](T& t) { t.add_int64_data(5); }), std::vector<int64_t>{5});
  EXPECT_EQ(integers(T::INT32, {1}, [](T& t) { t.add_int32_data(5); }), std::vector<int64_t>{5});
  EXPECT_EQ(integers(T::INT64, {0}, [](T&) {}), std::vector<int64_t>{});
  expect_error([&] { integers(T::FLOAT, {1}, raw(std::vector<float>{1})); }, "tensor 'tensor1' is not of int64", path_);
  expect_error([&] { integers(T::INT64, {17}, raw(std::vector<int64_t>(17))); }, "of shape [17] is no shape", path_);
  expect_error([&] { integers(T::INT64, {2}, raw(std::vector<int64_t>{1})); }, "holds another number of values", path_);
}

TEST_F(OnnxTensors, WhatIsNoTensorIsRefused) {
  using T = onnx::TensorProto;
  const auto wrong = [&](int32_t type, const std::vector<int64_t>& shape, const std::string& what) {
    expect_error([&] { floats(type, shape, raw(numbers_)); }, "tensor 'tensor1' " + what, path_);
  };
  wrong(T::FLOAT, {5}, "holds another number of values");
  wrong(T::FLOAT, {-4}, "has the impossible shape [-4]");
  wrong(T::FLOAT, {0}, "has the impossible shape [0]");
  wrong(T::FLOAT, {INT64_MAX, 2}, "has the impossible shape");
  wrong(T::FLOAT, {1 << 20, 1 << 10}, "holds another number of values");
  wrong(T::INT8, {4}, "is not in floating point");
  wrong(T::FLOAT16, {4}, "holds another number of values");
  expect_error([&] { floats(T::FLOAT, {2}, raw(std::vector<float>{1, NAN})); }, "holds numbers that are not finite", path_);
  expect_error([&] { floats(T::DOUBLE, {1}, raw(std::vector<double>{1e300})); }, "holds numbers that are not finite", path_);
  expect_error([&] { floats(T::FLOAT16, {1}, raw(std::vector<uint16_t>{0x7C00})); }, "holds numbers that are not finite", path_);
}

// As torch.onnx.export and onnx.save_model write them.
TEST_F(OnnxTensors, FilesBesideTheModel) {
  fs::create_directory(inside_ + "/sub");
  write_floats(inside_ + "/net.onnx.data", {9, 9, 1, -2.5F, 0.125F, 4, 9});
  write_floats(inside_ + "/sub/tensor", numbers_);
  const auto read = [&](const std::string& location, const std::string& offset, const std::string& length) {
    return floats(onnx::TensorProto::FLOAT, {2, 2}, external(location, offset, length));
  };
  EXPECT_EQ(read("net.onnx.data", "8", "16"), numbers_);
  EXPECT_EQ(read("net.onnx.data", "8", ""), numbers_);
  EXPECT_EQ(read("sub/tensor", "0", "16"), numbers_);
  EXPECT_EQ(read("./sub/tensor", "", ""), numbers_);
  fs::create_symlink("sub/tensor", inside_ + "/link");
  EXPECT_EQ(read("link", "", ""), numbers_);
  // The model itself found through another folder's link, and by a name without a folder.
  fs::create_directory_symlink(inside_, folder_.file("elsewhere"));
  EXPECT_EQ(OnnxModel(folder_.file("elsewhere") + "/net.onnx").floats(OnnxModel(path_).graph().initializer(0)), numbers_);
}

TEST_F(OnnxTensors, OtherFilesAreNotOpened) {
  const std::string outside = folder_.file("outside");
  write_floats(outside, numbers_);
  fs::create_symlink(outside, inside_ + "/link");
  fs::create_directory_symlink(folder_.path(), inside_ + "/up");
  const int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  ASSERT_GE(inotify_add_watch(watch, outside.c_str(), IN_OPEN), 0);
  for (const std::string& location : {std::string("../outside"), outside, std::string("link"), std::string("up/outside"),
                                      std::string("./../outside"), std::string("sub/../../outside")})
    refused(location, "tensor 'tensor1' lies in '" + location + "', which is no file of the model's folder");
  char event[4096];
  EXPECT_EQ(read(watch, event, sizeof(event)), -1) << "it was opened";
  // The watch does see who opens it.
  EXPECT_EQ(read_bytes(outside).size(), 16);
  EXPECT_GT(read(watch, event, sizeof(event)), 0);
  close(watch);
}

TEST_F(OnnxTensors, WhatIsNoFileOfNumbersIsRefused) {
  write_floats(inside_ + "/data", numbers_);
  ASSERT_EQ(mkfifo((inside_ + "/fifo").c_str(), 0600), 0);
  for (const std::string location : {"", ".", "none", "fifo", "net.onnx/data"})
    refused(location, "which is no file of the model's folder");
  refused(std::string("data\0more", 9), "lies in 'data");
  refused("data", "lies beyond the end of 'data'", "4");
  refused("data", "lies beyond the end of 'data'", "18446744073709551615");
  refused("data", "has '18446744073709551616' as the offset", "18446744073709551616");
  refused("data", "has '-4' as the offset", "-4");
  refused("data", "has '4 ' as the offset", "4 ");
  refused("data", "holds another number of values", "0", "8");
  refused("data", "holds another number of values", "0", "99999999999");
}

}  // namespace
}  // namespace intrain::test
