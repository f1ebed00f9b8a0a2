#include "gpu/gpu_device.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <numeric>

#include "fixtures/cpu_run.hpp"
#include "fixtures/expected.hpp"
#include "fixtures/fixtures.hpp"
#include "formats/gguf_file.hpp"
#include "gpu/software_gpu.hpp"
#include "model/model.hpp"
#include "support/binary_reader.hpp"
#include "support/golden.hpp"
#include "support/nmse.hpp"
#include "support/test_name.hpp"

// Whole models on a GPU: small ones of every family and block format, against an established engine.
namespace realizar::gpu {
namespace {

using fusion::Arithmetic;
using fusion::KvType;
using test::Fixture;
using Floats = std::vector<float>;

/// A model that runs on a GPU, and a sequence.
class OnGpu {
 public:
  OnGpu(const formats::Gguf& file, std::shared_ptr<webgpu::Device> gpu, Arithmetic arithmetic, KvType kv) {
    fusion::DeviceOptions options;
    options.arithmetic = arithmetic;
    options.kv_type = kv;
    options.max_batch_tokens = 256;
    device_ = make_gpu_device(model::load_model(file, {.n_context = test::fixture_context}).plan, options,
                              std::move(gpu));
    device_->reserve_kv(static_cast<int>(pages_.size()));
    std::iota(pages_.rbegin(), pages_.rend(), 0);
  }

  /// The logits (n_tokens, n_vocab) of tokens behind those of earlier calls.
  Floats run(std::span<const int32_t> tokens) {
    std::vector<int32_t> positions(tokens.size());
    const std::vector<int32_t> sequences(tokens.size());
    const std::vector<uint8_t> wants(tokens.size(), 1);
    std::iota(positions.begin(), positions.end(), position_);
    position_ += static_cast<int32_t>(tokens.size());
    const std::vector<std::span<const int32_t>> tables = {pages_};
    const auto logits = device_->run({tokens, positions, sequences, wants, tables});
    return {logits.begin(), logits.end()};
  }

  fusion::Device& device() { return *device_; }

 private:
  std::unique_ptr<fusion::Device> device_;
  std::vector<int32_t> pages_ = std::vector<int32_t>(8);
  int32_t position_ = 0;
};

class GpuFixture : public GpuTest, public testing::WithParamInterface<Fixture> {
 protected:
  /// NMSE of the logits to the recorded ones.
  double distance(Arithmetic arithmetic, KvType kv) {
    const std::vector<std::byte> bytes = write_fixture(GetParam());
    const formats::Gguf file(bytes);
    const Floats logits = OnGpu(file, device_, arithmetic, kv).run(fixture_tokens(GetParam()));
    return test::nmse(test::sample(logits, GetParam().n_vocab), test::expected_of(GetParam().name).logits);
  }
};

TEST_P(GpuFixture, ExactHasTheLogitsOfAnEstablishedEngine) {
  EXPECT_LT(distance(Arithmetic::exact, KvType::f32), 1e-5);
}

TEST_P(GpuFixture, FastIsClose) { EXPECT_LT(distance(Arithmetic::fast, KvType::f16), 6e-3); }

std::vector<Fixture> recorded_fixtures() {
  std::vector<Fixture> recorded;
  for (const Fixture& fixture : test::fixtures())
    if (fixture.recorded) recorded.push_back(fixture);
  return recorded;
}

INSTANTIATE_TEST_SUITE_P(All, GpuFixture, testing::ValuesIn(recorded_fixtures()), test::by_name);

class GpuGolden : public GpuTest, public testing::WithParamInterface<std::filesystem::path> {
 protected:
  double distance(Arithmetic arithmetic, KvType kv) {
    const test::RecordedLogits recorded(std::filesystem::path(GetParam()).replace_extension(".logits"));
    const auto file = formats::GgufFile::open(GetParam().string());
    return test::nmse(OnGpu(file.gguf(), device_, arithmetic, kv).run(recorded.tokens), recorded.logits);
  }
};

TEST_P(GpuGolden, ExactHasTheLogitsOfAnEstablishedEngine) {
  EXPECT_LT(distance(Arithmetic::exact, KvType::f32), 1e-5);
}

TEST_P(GpuGolden, FastIsAboutAsCloseAsAnEstablishedEnginesOwn) {
  static const std::map<std::string, double> peer = test::peer_nmse();
  const auto found = peer.find(GetParam().stem().string());
  // Of the architectures there is no figure; that of the formats is 6e-4 at most.
  EXPECT_LT(distance(Arithmetic::fast, KvType::f16), 3 * (found == peer.end() ? 6e-4 : found->second));
}

std::string golden_name(const testing::TestParamInfo<std::filesystem::path>& model) {
  return test::test_name(model.param.stem().string());
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GpuGolden);
INSTANTIATE_TEST_SUITE_P(Architectures, GpuGolden, testing::ValuesIn(test::golden_models("arch")),
                         golden_name);
INSTANTIATE_TEST_SUITE_P(Formats, GpuGolden, testing::ValuesIn(test::golden_models("quant")), golden_name);

class GpuDeviceTest : public GpuTest {
 protected:
  const Fixture& fixture_ = test::fixtures().front();
  const std::vector<std::byte> bytes_ = write_fixture(fixture_);
  const formats::Gguf file_{bytes_};
  const std::vector<int32_t> tokens_ = fixture_tokens(fixture_);
};

/// Dense models, those of blocks of 256 whose tokens alone have kernels of their own, mixtures of experts,
/// and latent attention.
class Chunks : public GpuTest, public testing::WithParamInterface<const char*> {};

TEST_P(Chunks, OfAPromptGiveTheSameBits) {
  const Fixture& fixture = test::fixture_named(GetParam());
  const std::vector<std::byte> bytes = write_fixture(fixture);
  const formats::Gguf file(bytes);
  const std::vector<int32_t> tokens = fixture_tokens(fixture);
  for (const Arithmetic arithmetic : {Arithmetic::fast, Arithmetic::exact}) {
    OnGpu whole(file, device_, arithmetic, KvType::f16), chunks(file, device_, arithmetic, KvType::f16);
    const Floats expected = whole.run(tokens);
    Floats out;
    for (size_t done = 0, n = 1; done < tokens.size(); done += n, n = n % 7 + 1) {
      n = std::min(n, tokens.size() - done);
      const Floats part = chunks.run(std::span(tokens).subspan(done, n));
      out.insert(out.end(), part.begin(), part.end());
    }
    EXPECT_EQ(out, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(GpuDevice, Chunks,
                         testing::Values("llama", "Q4_K", "Q6_K", "IQ2_XXS-experts", "qwen3moe", "gpt-oss",
                                         "deepseek2-lite", "granite", "gpt2"),
                         [](const auto& name) { return test::test_name(name.param); });

TEST_F(GpuDeviceTest, TellsWhatItHolds) {
  OnGpu model(file_, device_, Arithmetic::fast, KvType::f16);
  const fusion::DeviceMemory memory = model.device().memory();
  EXPECT_GT(memory.weights, 0u);
  EXPECT_GT(memory.activations, 0u);
  EXPECT_EQ(memory.kv_pages, 8 * memory.kv_page);
}

TEST_F(GpuDeviceTest, RefusesWhatNoModelHas) {
  OnGpu model(file_, device_, Arithmetic::fast, KvType::f16);
  const std::vector<int32_t> outside = {fixture_.n_vocab}, many(300, 1);
  EXPECT_EQ(thrown([&] { model.run(outside); }), ErrorKind::invalid_argument);
  EXPECT_EQ(thrown([&] { model.run(many); }), ErrorKind::invalid_argument);
}

TEST_F(GpuDeviceTest, ALostGpuIsOneError) {
  OnGpu model(file_, device_, Arithmetic::fast, KvType::f16);
  device_->destroy();
  EXPECT_EQ(thrown([&] { model.run(tokens_); }), ErrorKind::io);
}

}  // namespace
}  // namespace realizar::gpu
