#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "formats/gguf_file.hpp"
#include "model/model.hpp"
#include "support/golden.hpp"

// The CPU device on the golden models: against an established engine's logits, and against itself for other
// batches and numbers of threads.
namespace realizar::model {
namespace {

namespace fs = std::filesystem;
using fusion::Arithmetic;
using fusion::KvType;

struct Golden {
  std::vector<int32_t> tokens;
  std::vector<float> logits;  // (tokens, vocab)

  explicit Golden(fs::path model) {
    std::ifstream in(model.replace_extension(".logits"), std::ios::binary);
    const auto read = [&in](auto& values) {
      in.read(reinterpret_cast<char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof values[0]));
    };
    std::vector<int32_t> sizes(2);
    read(sizes);
    tokens.resize(static_cast<size_t>(sizes[0]));
    read(tokens);
    logits.resize(tokens.size() * static_cast<size_t>(sizes[1]));
    read(logits);
  }
};

double nmse(std::span<const float> actual, std::span<const float> expected) {
  double error = 0, energy = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    error += std::pow(double{actual[i]} - double{expected[i]}, 2);
    energy += std::pow(double{expected[i]}, 2);
  }
  return error / energy;
}

struct Run {
  Arithmetic arithmetic = Arithmetic::exact;
  KvType kv = KvType::f32;
  int n_threads = 2;
  std::vector<size_t> chunks = {};  // tokens of each batch; the rest is one more
};

std::vector<float> logits_of(const fs::path& model, std::span<const int32_t> tokens, const Run& run) {
  const auto file = formats::GgufFile::open(model.string());
  fusion::DeviceOptions options;
  options.arithmetic = run.arithmetic;
  options.kv_type = run.kv;
  options.n_threads = run.n_threads;
  const auto device = fusion::make_cpu_device(load_model(file.gguf()).plan, options);
  std::vector<int32_t> pages(tokens.size() / fusion::page_positions + 1), positions(tokens.size());
  std::iota(pages.rbegin(), pages.rend(), 0);  // not in the order of the positions
  std::iota(positions.begin(), positions.end(), 0);
  device->reserve_kv(static_cast<int>(pages.size()));
  const std::span<const int32_t> page_tables[] = {pages};
  const std::vector<int32_t> sequences(tokens.size(), 0);
  const std::vector<uint8_t> wants(tokens.size(), 1);
  std::vector<float> out;
  size_t from = 0;
  const auto step = [&](size_t n) {
    const auto part = [&](const auto& all) { return std::span(all).subspan(from, n); };
    const auto logits =
        device->run({tokens.subspan(from, n), part(positions), part(sequences), part(wants), page_tables});
    out.insert(out.end(), logits.begin(), logits.end());
    from += n;
  };
  for (const size_t n : run.chunks) step(n);
  step(tokens.size() - from);
  return out;
}

std::vector<fs::path> models_in(const char* folder) {
  std::vector<fs::path> models;
  const auto golden = test::golden_folder();
  std::error_code missing;
  if (golden)
    for (const auto& entry : fs::directory_iterator(*golden / folder, missing))
      if (entry.path().extension() == ".gguf") models.push_back(entry.path());
  std::sort(models.begin(), models.end());
  return models;
}

std::string test_name(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.stem().string();
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

class CpuDevice : public testing::TestWithParam<fs::path> {};

TEST_P(CpuDevice, ExactHasTheLogitsOfAnEstablishedEngine) {
  const Golden golden(GetParam());
  const double error = nmse(logits_of(GetParam(), golden.tokens, {}), golden.logits);
  RecordProperty("nmse", std::to_string(error));
  EXPECT_LT(error, 1e-5);
}

TEST_P(CpuDevice, BitsDoNotDependOnBatchesAndThreads) {
  const Golden golden(GetParam());
  for (const Arithmetic arithmetic : {Arithmetic::exact, Arithmetic::fast})
    for (const KvType kv : {KvType::f16, KvType::f32, KvType::q8_0}) {
      const auto once = logits_of(GetParam(), golden.tokens, {arithmetic, kv, 1});
      EXPECT_EQ(once, logits_of(GetParam(), golden.tokens, {arithmetic, kv, 3, {1, 1, 2, 5}}));
      EXPECT_EQ(once, logits_of(GetParam(), golden.tokens,
                                {arithmetic, kv, 2, std::vector<size_t>(golden.tokens.size() - 1, 1)}));
    }
}

INSTANTIATE_TEST_SUITE_P(Architectures, CpuDevice, testing::ValuesIn(models_in("arch")), test_name);
INSTANTIATE_TEST_SUITE_P(Formats, CpuDevice, testing::ValuesIn(models_in("quant")), test_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CpuDevice);

}  // namespace
}  // namespace realizar::model
