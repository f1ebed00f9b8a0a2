#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>

#include "backend/mapped_file.hpp"
#include "base/error.hpp"
#include "fixtures/fixtures.hpp"
#include "formats/gguf.hpp"
#include "model/model.hpp"
#include "model/reference_device.hpp"
#include "support/gguf_mutations.hpp"
#include "support/golden.hpp"

// Models whose headers were changed at random: refused with an `Error`, or loaded with a plan that runs.
namespace realizar::model {
namespace {

using Bytes = std::span<const std::byte>;

/// The plan, or none where the file is refused. Either way soon.
std::optional<fusion::Plan> load(Bytes bytes) {
  const auto start = std::chrono::steady_clock::now();
  std::optional<fusion::Plan> plan;
  try {
    plan = load_model(formats::Gguf(bytes)).plan;
  } catch (const Error& error) {
    RC_ASSERT(error.kind() == ErrorKind::invalid_file || error.kind() == ErrorKind::unsupported);
    RC_ASSERT(std::string(error.what()).size() < 1500);
  }
  RC_ASSERT(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  return plan;
}

/// Loads, and runs one token as the plan says and as the CPU device does.
void load_and_run(Bytes bytes) {
  const std::optional<fusion::Plan> plan = load(bytes);
  if (!plan) return;
  const auto n_vocab = static_cast<size_t>(plan->n_vocab);
  const std::vector<int32_t> zero = {0};
  const std::vector<uint8_t> wants = {1};
  ReferenceDevice reference(*plan);
  RC_ASSERT(reference.run({zero, zero, zero, wants, {}}).size() == n_vocab);
  fusion::DeviceOptions options;
  options.n_threads = 1;
  options.max_batch_tokens = 1;
  const auto device = fusion::make_cpu_device(*plan, options);
  device->reserve_kv(1);
  const std::span<const int32_t> page_tables[] = {zero};
  RC_ASSERT(device->run({zero, zero, zero, wants, page_tables}).size() == n_vocab);
}

/// Where the values of the keys stand; of arrays the first element.
std::vector<size_t> values_of(const formats::Gguf& file, const std::vector<std::byte>& bytes) {
  std::vector<size_t> positions;
  for (const formats::Metadata& entry : file.metadata())
    if (!entry.key.starts_with("general.") && !entry.payload.empty())
      positions.push_back(static_cast<size_t>(entry.payload.data() - bytes.data()));
  return positions;
}

TEST(LoadMutation, AFamilysFileWithOtherBytesIsRefusedOrRuns) {
  for (const test::Fixture& fixture : test::fixtures()) {
    if (fixture.kind != test::FixtureKind::family) continue;
    SCOPED_TRACE(fixture.name);
    std::vector<std::byte> bytes = write_fixture(fixture);
    const size_t header_size = formats::Gguf(bytes).data_offset();
    EXPECT_TRUE(rc::check([&] { test::check_mutations(bytes, header_size, load_and_run); }));
  }
}

TEST(LoadMutation, AFamilysFileWithOtherValuesIsRefusedOrRuns) {
  for (const test::Fixture& fixture : test::fixtures()) {
    if (fixture.kind != test::FixtureKind::family) continue;
    SCOPED_TRACE(fixture.name);
    std::vector<std::byte> bytes = write_fixture(fixture);
    const std::vector<size_t> positions = values_of(formats::Gguf(bytes), bytes);
    EXPECT_TRUE(rc::check([&] {
      std::vector<std::byte> changed = bytes;
      for (const size_t position :
           *rc::gen::suchThat(rc::gen::container<std::vector<size_t>>(rc::gen::elementOf(positions)),
                              [](const auto& chosen) { return chosen.size() < 4; })) {
        const uint64_t value = *test::hostile_value();
        std::memcpy(changed.data() + position, &value, 4);
      }
      load_and_run(changed);
    }));
  }
}

TEST(LoadMutation, AGoldenFileIsRefusedOrLoaded) {
  REALIZAR_GOLDEN_OR_SKIP(golden);
  for (const std::filesystem::path& path : test::gguf_files(golden)) {
    SCOPED_TRACE(path);
    const backend::MappedFile file(path.string());
    const size_t header_size = formats::Gguf(file.bytes(), path.string()).data_offset();
    std::vector<std::byte> bytes(file.bytes().begin(), file.bytes().end());
    EXPECT_TRUE(rc::check([&] { test::check_mutations(bytes, header_size, load); }));
  }
}

}  // namespace
}  // namespace realizar::model
