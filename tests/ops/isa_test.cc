// isa.def is the one list of instruction sets: its rows are whole, the kernel files are those of its rows, and the tables are made as it says.
#include "isa/isa.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "ops/kernels.h"

namespace intrain::ops {
namespace {

struct Row {
  Isa isa, parent;
  std::string name, architecture, kernels, needs, flags;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> list = {
#define INTRAIN_ISA(id, name, architecture, parent, kernels, needs, flags) \
  {Isa::id, Isa::parent, #name, #architecture, #kernels, needs, flags},
#include "isa/isa.def"
#undef INTRAIN_ISA
  };
  return list;
}

#if defined(__x86_64__)
constexpr const char* kArchitecture = "x86_64";
#elif defined(__aarch64__)
constexpr const char* kArchitecture = "aarch64";
#else
constexpr const char* kArchitecture = "any";
#endif
bool is_built(const Row& row) { return row.architecture == "any" || row.architecture == kArchitecture; }

const Row& row_of(Isa isa) { return rows().at(static_cast<size_t>(isa)); }

TEST(IsaList, EveryRowIsWhole) {
  std::set<std::string> names;
  for (const Row& row : rows()) {
    SCOPED_TRACE(row.name);
    EXPECT_TRUE(names.insert(row.name).second) << "twice";
    EXPECT_FALSE(row.needs.empty());
    if (row.isa == row.parent) {
      EXPECT_EQ(row.isa, rows().front().isa) << "only the first has no parent";
      EXPECT_EQ(row.kernels + row.architecture, "referenceany");
      continue;
    }
    EXPECT_LT(row.parent, row.isa) << "a parent stands before its children";
    EXPECT_TRUE(row.kernels == "all" || row.kernels == "products") << row.kernels;
    const std::string parents = row_of(row.parent).architecture;
    EXPECT_TRUE(parents == "any" || parents == row.architecture) << "another architecture than its parent's";
    EXPECT_NE(row.flags, "");
  }
}

TEST(IsaList, TheProgramKnowsTheSameRows) {
  ASSERT_EQ(isa_list().size(), rows().size());
  for (const Row& row : rows()) {
    const IsaInfo& info = isa_info(row.isa);
    EXPECT_EQ(info.isa, row.isa);
    EXPECT_EQ(info.name, row.name);
    EXPECT_EQ(info.architecture, row.architecture);
    EXPECT_EQ(info.parent, row.parent);
    EXPECT_TRUE(!isa_supported(row.isa) || isa_supported(row.parent)) << row.name << " runs without its parent";
    EXPECT_TRUE(!isa_supported(row.isa) || is_built(row)) << row.name << " is of another architecture";
  }
}

// {name: operators that have a kernel file of it}; a kernel file defines functions in the namespace of its ISA.
std::map<std::string, std::set<std::string>> kernel_files() {
  std::map<std::string, std::set<std::string>> found;
  const std::regex space("namespace intrain::ops::(\\w+) \\{");
  for (const auto& file : std::filesystem::recursive_directory_iterator(INTRAIN_TESTS_DIR "/../src/ops")) {
    if (file.path().extension() != ".cc" || file.path().parent_path().filename() == "ops") continue;
    std::ostringstream text;
    text << std::ifstream(file.path()).rdbuf();
    const std::string source = text.str();
    std::smatch match;
    if (!std::regex_search(source, match, space)) continue;
    const std::string name = match[1], stem = file.path().stem();
    EXPECT_TRUE(stem == name || stem.starts_with(name + "_")) << file.path() << " holds kernels of " << name;
    found[name].insert(file.path().parent_path().filename());
  }
  return found;
}

TEST(IsaList, KernelFilesAreThoseOfItsRows) {
  const auto files = kernel_files();
  std::set<std::string> whole;  // operators with element-wise kernels
  for (const auto& [name, operators] : files)
    if (operators.size() > 1) whole.insert(operators.begin(), operators.end());
  for (const auto& [name, operators] : files)
    EXPECT_TRUE(std::any_of(rows().begin(), rows().end(), [&](const Row& row) { return row.name == name; })) << name;
  for (const Row& row : rows()) {
    if (row.kernels == "reference") continue;
    const auto at = files.find(row.name);
    ASSERT_NE(at, files.end()) << row.name << " has no kernel file";
    EXPECT_EQ(at->second, row.kernels == "products" ? std::set<std::string>{"gemm"} : whole) << row.name;
  }
}

TEST(IsaList, TablesSayWhoseEachKernelIs) {
  for (const Row& row : rows()) {
    if (!is_built(row)) continue;
    SCOPED_TRACE(row.name);
    const Kernels k = make_kernels(row.isa);
    EXPECT_EQ(k.isa, row.isa);
    EXPECT_EQ(k.tile == nullptr, row.kernels == "reference");
    EXPECT_EQ(k.tile_isa, row.isa);
    EXPECT_EQ(k.peak_isa, row.isa);
    ASSERT_NE(k.peak, nullptr);
    Isa whose = row.isa;
    while (row_of(whose).kernels == "products") whose = row_of(whose).parent;
#define INTRAIN_EXPECT(name, result, parameter, ...) \
  EXPECT_EQ(k.name##_isa, whose) << #name;           \
  EXPECT_EQ(k.name == name##_reference, row_of(whose).kernels == "reference") << #name;
    INTRAIN_KERNELS(INTRAIN_EXPECT)
#undef INTRAIN_EXPECT
  }
}

}  // namespace
}  // namespace intrain::ops
