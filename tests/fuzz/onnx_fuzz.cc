// ONNX models with nets in floating point, weights in them or in a file beside them: for a net of three convolutions, and for the net that
// they say themselves.
#include <filesystem>
#include <fstream>

#include "fuzz/import_fuzz.h"
#include "ops/kernels.h"

namespace intrain::test {
namespace {

// A model's folder, with a file of numbers that it may name: "data".
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "intrain-fuzz-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
    const std::vector<float> numbers(256, 0.5F);
    write("data", reinterpret_cast<const uint8_t*>(numbers.data()), numbers.size() * sizeof(float));
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string write(const std::string& name, const uint8_t* data, size_t bytes) const {
    std::ofstream file(path_ + "/" + name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(bytes));
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

// The net of the graph, if it has one, is built, and its layers are found or refused.
void fuzz_own_net(const std::string& path) {
  static const auto runtime = std::make_shared<Runtime>(ops::make_kernels(Isa::kScalar), 1);
  for (const bool new_head : {false, true}) try {
      Net net = build_net(describe_onnx_net(path, 4, 4, 1, 2, new_head), "fuzz.toml", 4, 4, 1, 2);
      net.prepare(1, true, runtime);
      const std::vector<NetStep> steps = net_steps(net, "fuzz.toml");
      const std::vector<FloatLayer> layers = read_onnx_net(path, steps, new_head);
      for (size_t i = 0; i + 1 < layers.size(); ++i)
        if (layers[i].weight.empty()) std::abort();
    } catch (const Error&) {
    }
}

}  // namespace
}  // namespace intrain::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  static const intrain::test::Folder folder;
  const std::string path = folder.write("net.onnx", data, bytes);
  intrain::test::fuzz_import(path, intrain::read_onnx_net);
  intrain::test::fuzz_own_net(path);
  return 0;
}
