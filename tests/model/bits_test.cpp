#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "backend/isa.hpp"
#include "base/bit_cast.hpp"
#include "fixtures/cpu_run.hpp"
#include "fixtures/fixtures.hpp"
#include "support/golden.hpp"
#include "support/sanitized.hpp"
#include "support/temporary_folder.hpp"
#include "support/test_name.hpp"

// What docs/reproducibility.md promises: the logits that follow a sequence of tokens have the same bits, in
// whatever batches they are computed, in whatever company, by however many threads, on whatever instruction
// set, and whether keys and values were computed for this sequence or for another that begins alike. It holds
// for each arithmetic and each type of KV cache by itself.
namespace realizar::model {
namespace {

using fusion::Arithmetic;
using fusion::KvType;
using test::CpuSequences;
using test::Fixture;
using Tokens = std::vector<int32_t>;
using Values = std::vector<float>;

/// Any NaN equals any NaN.
testing::AssertionResult same_bits(std::span<const float> actual, std::span<const float> expected) {
  if (actual.size() != expected.size())
    return testing::AssertionFailure() << actual.size() << " logits instead of " << expected.size();
  for (size_t i = 0; i < actual.size(); ++i)
    if (bit_cast<uint32_t>(actual[i]) != bit_cast<uint32_t>(expected[i]) &&
        !(std::isnan(actual[i]) && std::isnan(expected[i])))
      return testing::AssertionFailure() << "logit " << i << " of " << actual.size() << " is " << actual[i]
                                         << " instead of " << expected[i];
  return testing::AssertionSuccess();
}

struct SmallModel {
  explicit SmallModel(const Fixture& fixture) : bytes(write_fixture(fixture)), n_vocab(fixture.n_vocab) {}

  CpuSequences on_cpu(test::Run run) const {
    run.n_context = test::fixture_context;
    return CpuSequences(file, run);
  }

  std::vector<std::byte> bytes;
  formats::Gguf file{bytes};
  int n_vocab;
};

/// A sequence of its own for each salt, in which tokens come again.
Tokens some_tokens(const SmallModel& model, size_t n, size_t salt = 0) {
  Tokens tokens;
  for (size_t i = 0; i < n; ++i)
    tokens.push_back(static_cast<int32_t>((i * i * 7 + i / 8 * 3 + salt * (11 + i % 5)) %
                                          static_cast<size_t>(model.n_vocab)));
  return tokens;
}

/// Appends the tokens to a sequence in batches of `chunks` tokens, over and over, and returns their logits.
Values append(CpuSequences& device, int32_t sequence, std::span<const int32_t> tokens,
              const std::vector<size_t>& chunks = {1000}) {
  Values out;
  for (size_t i = 0; !tokens.empty(); ++i) {
    const size_t n = std::min(chunks[i % chunks.size()], tokens.size());
    const auto logits = device.run({{sequence, tokens.first(n)}});
    out.insert(out.end(), logits.begin(), logits.end());
    tokens = tokens.subspan(n);
  }
  return out;
}

/// The logits of a sequence that is computed alone and by itself.
Values alone(CpuSequences& device, std::span<const int32_t> tokens,
             const std::vector<size_t>& chunks = {1000}) {
  const int32_t sequence = device.pages().create();
  const Values out = append(device, sequence, tokens, chunks);
  device.pages().release(sequence);
  return out;
}

/// What the logits of the tokens from `first` on are.
std::span<const float> rows(const Values& logits, const SmallModel& model, size_t first) {
  return std::span(logits).subspan(first * static_cast<size_t>(model.n_vocab));
}

std::string description(const test::Run& run) {
  return std::string(run.arithmetic == Arithmetic::exact ? "exact" : "fast") + ", KV type " +
         std::to_string(static_cast<int>(run.kv));
}

/// Calls fn(run) for every arithmetic and type of KV cache.
template <class Fn>
void for_each_setting(std::span<const KvType> kv_types, Fn fn) {
  for (const Arithmetic arithmetic : {Arithmetic::exact, Arithmetic::fast})
    for (const KvType kv : kv_types) {
      const test::Run run{.arithmetic = arithmetic, .kv = kv};
      SCOPED_TRACE(description(run));
      fn(run);
    }
}
constexpr KvType all_kv_types[] = {KvType::f16, KvType::f32, KvType::q8_0}, one_kv_type[] = {KvType::f16};

/// How a sequence is computed.
struct Way {
  int n_threads;
  std::vector<size_t> chunks;
};

/// Against one thread that takes all tokens at once.
void expect_same_bits_in_every_way(const SmallModel& model, test::Run run, const Tokens& tokens,
                                   const std::vector<Way>& ways) {
  run.n_threads = 1;
  CpuSequences at_once = model.on_cpu(run);
  const Values expected = alone(at_once, tokens);
  for (const Way& way : ways) {
    run.n_threads = way.n_threads;
    CpuSequences device = model.on_cpu(run);
    EXPECT_TRUE(same_bits(alone(device, tokens, way.chunks), expected))
        << way.n_threads << " threads, chunks of " << testing::PrintToString(way.chunks);
  }
}

/// Streams that begin one after the other and whose parts of a batch have one to three tokens.
void expect_same_bits_in_company(const SmallModel& model, test::Run run) {
  run.n_threads = 2;
  CpuSequences device = model.on_cpu(run);
  std::vector<Tokens> streams;
  std::vector<Values> expected;
  for (size_t s = 0; s < 33; ++s) {
    streams.push_back(some_tokens(model, 3 + s % 5, s));
    expected.push_back(alone(device, streams.back()));
  }
  for (const size_t n_streams : {2, 7, 16, 33}) {
    std::vector<Values> actual(n_streams);
    std::vector<int32_t> sequences;
    for (size_t s = 0; s < n_streams; ++s) sequences.push_back(device.pages().create());
    for (size_t step = 0;; ++step) {
      std::vector<CpuSequences::Part> parts;
      std::vector<size_t> of_stream;
      for (size_t s = 0; s < n_streams; ++s) {
        const size_t done = device.pages().tokens(sequences[s]).size();
        const size_t n = std::min(1 + (s + step) % 3, streams[s].size() - done);
        if (step < s % 3 || n == 0) continue;
        parts.push_back({sequences[s], std::span(streams[s]).subspan(done, n)});
        of_stream.push_back(s);
      }
      if (parts.empty()) break;
      const float* logits = device.run(parts).data();
      for (size_t i = 0; i < parts.size(); ++i) {
        const size_t n = parts[i].tokens.size() * static_cast<size_t>(model.n_vocab);
        actual[of_stream[i]].insert(actual[of_stream[i]].end(), logits, logits + n);
        logits += n;
      }
    }
    for (size_t s = 0; s < n_streams; ++s) {
      EXPECT_TRUE(same_bits(actual[s], expected[s])) << "stream " << s << " of " << n_streams;
      device.pages().release(sequences[s]);
    }
  }
}

std::vector<Fixture> fixtures_of(test::FixtureKind kind) {
  std::vector<Fixture> out;
  for (const Fixture& fixture : test::fixtures())
    if (fixture.kind == kind) out.push_back(fixture);
  return out;
}

std::vector<Fixture> fixtures_named(std::initializer_list<const char*> names) {
  std::vector<Fixture> out;
  for (const char* name : names) out.push_back(test::fixture_named(name));
  return out;
}

/// Single tokens come in the third way too; by themselves they are most of the work, which sanitizers make
/// dear.
const std::vector<Way> ways = [] {
  std::vector<Way> out = {{2, {17, 16}}, {3, {1, 1, 2, 5}}, {8, {13}}};
  if (!test::sanitized) out.push_back({1, {1}});
  return out;
}();

class BitsOfFamily : public testing::TestWithParam<Fixture> {};
INSTANTIATE_TEST_SUITE_P(All, BitsOfFamily, testing::ValuesIn(fixtures_of(test::FixtureKind::family)),
                         test::by_name);

// Each arithmetic and each type of cache; in all pairs they meet every kind of attention below.
TEST_P(BitsOfFamily, DependNeitherOnChunksNorOnThreads) {
  const SmallModel model(GetParam());
  for (const test::Run& run :
       {test::Run{Arithmetic::exact, KvType::f32}, test::Run{Arithmetic::fast, KvType::f16},
        test::Run{Arithmetic::fast, KvType::q8_0}}) {
    SCOPED_TRACE(description(run));
    expect_same_bits_in_every_way(model, run, fixture_tokens(GetParam()), ways);
  }
}

TEST_P(BitsOfFamily, DoNotDependOnTheCompanyInABatch) {
  const SmallModel model(GetParam());
  for_each_setting(one_kv_type, [&](const test::Run& run) { expect_same_bits_in_company(model, run); });
}

// The weights do not meet the cache, so that one type of it will do.
class BitsOfBlockFormat : public testing::TestWithParam<Fixture> {};
INSTANTIATE_TEST_SUITE_P(All, BitsOfBlockFormat,
                         testing::ValuesIn(fixtures_of(test::FixtureKind::block_format)), test::by_name);

TEST_P(BitsOfBlockFormat, DependNeitherOnChunksNorOnThreads) {
  const SmallModel model(GetParam());
  for_each_setting(one_kv_type, [&](const test::Run& run) {
    expect_same_bits_in_every_way(model, run, fixture_tokens(GetParam()), ways);
  });
}

TEST_P(BitsOfBlockFormat, DoNotDependOnTheCompanyInABatch) {
  const SmallModel model(GetParam());
  for_each_setting(one_kv_type, [&](const test::Run& run) { expect_same_bits_in_company(model, run); });
}

/// One of each kind of attention, over several pages and segments: plain, with windows, with ALiBi, with
/// sinks, and latent.
class BitsOfAttention : public testing::TestWithParam<Fixture> {};
INSTANTIATE_TEST_SUITE_P(Kinds, BitsOfAttention,
                         testing::ValuesIn(fixtures_named({"llama", "gemma3", "mpt", "gpt-oss",
                                                           "deepseek2-query-lora"})),
                         test::by_name);

TEST_P(BitsOfAttention, DependNeitherOnChunksNorOnThreads) {
  const SmallModel model(GetParam());
  for_each_setting(all_kv_types, [&](const test::Run& run) {
    expect_same_bits_in_every_way(model, run, some_tokens(model, 600),
                                  {{1, {1}}, {2, {63, 65, 1}}, {3, {520, 2, 1, 3}}, {8, {200}}});
  });
}

TEST_P(BitsOfAttention, DoNotDependOnTheCompanyInABatch) {
  const SmallModel model(GetParam());
  for_each_setting(all_kv_types, [&](const test::Run& run) { expect_same_bits_in_company(model, run); });
}

TEST_P(BitsOfAttention, DoNotDependOnWhomKeysAndValuesWereComputedFor) {
  const SmallModel model(GetParam());
  for_each_setting(all_kv_types, [&](const test::Run& run) {
    CpuSequences fresh = model.on_cpu(run), device = model.on_cpu(run);
    KvPages& pages = device.pages();
    Tokens first = some_tokens(model, 150), second = first;
    for (size_t i = 140; i < second.size(); ++i) second[i] ^= 1;
    const Values of_first = alone(fresh, first), of_second = alone(fresh, second);

    alone(device, first, {13});
    const int32_t reused = pages.create();
    ASSERT_EQ(pages.reuse_prefix(reused, second, second.size() - 1), 128u);
    EXPECT_TRUE(
        same_bits(append(device, reused, std::span(second).subspan(128)), rows(of_second, model, 128)))
        << "pages that another sequence left behind";

    pages.truncate(reused, 139);
    EXPECT_TRUE(same_bits(append(device, reused, std::span(first).subspan(139)), rows(of_first, model, 139)))
        << "a sequence that was taken back and went on differently";

    pages.truncate(reused, 140);
    const int32_t fork = pages.fork(reused);
    const auto both =
        device.run({{reused, std::span(first).subspan(140)}, {fork, std::span(second).subspan(140)}});
    Values expected(rows(of_first, model, 140).begin(), rows(of_first, model, 140).end());
    expected.insert(expected.end(), rows(of_second, model, 140).begin(), rows(of_second, model, 140).end());
    EXPECT_TRUE(same_bits(both, expected)) << "a fork that shared a page until both wrote into it";
  });
}

/// Sequences on one device, begun, continued together, forked, taken back and ended as chance has it; what
/// they give is held against a device that computes each of them alone.
class RandomSchedule {
 public:
  RandomSchedule(const SmallModel& model, CpuSequences& fresh, CpuSequences& device)
      : model_(model), fresh_(fresh), device_(device) {}

  void step() {
    const int operation = running_.empty() ? 0 : *rc::gen::inRange(0, 8);
    if (operation == 0) return begin();
    const int32_t sequence = any_sequence();
    if (operation == 1) return fork(sequence);
    if (operation == 2) return end(sequence);
    if (operation == 3) return take_back(sequence);
    continue_some();
  }

 private:
  static constexpr size_t most_sequences = 6;

  Tokens random_tokens(size_t most, int n_salts) const {
    return some_tokens(model_, *rc::gen::inRange<size_t>(1, most + 1), *rc::gen::inRange<size_t>(0, n_salts));
  }

  int32_t any_sequence() const {
    return std::next(running_.begin(), *rc::gen::inRange<ptrdiff_t>(0, std::ssize(running_)))->first;
  }

  void begin() {
    if (running_.size() == most_sequences) return;
    const Tokens prompt = random_tokens(140, 2);  // of two kinds, so that pages are found again
    const int32_t sequence = device_.pages().create();
    const size_t n_reused = device_.pages().reuse_prefix(sequence, prompt, prompt.size() - 1);
    const Values logits = append(device_, sequence, std::span(prompt).subspan(n_reused));
    running_[sequence] = prompt;
    RC_ASSERT(bool{same_bits(logits, rows(alone(fresh_, prompt), model_, n_reused))});
  }

  void fork(int32_t sequence) {
    if (running_.size() == most_sequences) return;
    running_[device_.pages().fork(sequence)] = running_[sequence];
  }

  void end(int32_t sequence) {
    device_.pages().release(sequence);
    running_.erase(sequence);
  }

  void take_back(int32_t sequence) {
    Tokens& tokens = running_[sequence];
    tokens.resize(*rc::gen::inRange<size_t>(0, tokens.size() + 1));
    device_.pages().truncate(sequence, tokens.size());
  }

  void continue_some() {
    std::map<int32_t, Tokens> more;
    for (const auto& [sequence, tokens] : running_)
      if (*rc::gen::inRange(0, 3) > 0) more[sequence] = random_tokens(8, 99);
    if (more.empty()) return;
    std::vector<CpuSequences::Part> parts;
    for (const auto& [sequence, tokens] : more) parts.push_back({sequence, tokens});
    const auto logits = device_.run(parts);
    Values expected;
    for (const auto& [sequence, tokens] : more) {
      Tokens& all = running_[sequence];
      const size_t before = all.size();
      all.insert(all.end(), tokens.begin(), tokens.end());
      const Values of_all = alone(fresh_, all);
      const auto of_new = rows(of_all, model_, before);
      expected.insert(expected.end(), of_new.begin(), of_new.end());
    }
    RC_ASSERT(bool{same_bits(logits, expected)});
  }

  const SmallModel& model_;
  CpuSequences &fresh_, &device_;
  std::map<int32_t, Tokens> running_;  // by sequence: what it is made of so far
};

TEST_P(BitsOfAttention, AreTheSameAfterAnySchedule) {
  const SmallModel model(GetParam());
  CpuSequences fresh = model.on_cpu({Arithmetic::fast, KvType::f16, 1});
  EXPECT_TRUE(rc::check([&] {
    CpuSequences device = model.on_cpu({Arithmetic::fast, KvType::f16, 2});
    RandomSchedule schedule(model, fresh, device);
    const int n_steps = *rc::gen::inRange(0, 12);
    for (int i = 0; i < n_steps; ++i) schedule.step();
  }));
}

/// The golden models, as arguments in a shell.
std::string golden_arguments() {
  std::string paths;
  for (const char* part : {"arch", "quant"})
    for (const auto& path : test::golden_models(part)) paths += " '" + path.string() + "'";
  return paths;
}

/// One line a model and setting.
std::string digests_of(backend::Isa isa) {
  const test::TemporaryFolder folder;
  const std::string out = folder.file("out");
  const std::string command = std::string("REALIZAR_ISA=") + to_string(isa) + " " + REALIZAR_PRINT_DIGESTS +
                              golden_arguments() + " > '" + out + "'";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::ifstream in(out);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A process has one instruction set, so another process is asked for each. tests/kernels compares them kernel
// by kernel.
TEST(Bits, DoNotDependOnTheInstructionSet) {
  if (test::sanitized) GTEST_SKIP() << "compared in builds without sanitizers, which would take minutes";
  if (std::getenv("REALIZAR_ISA")) GTEST_SKIP() << "compared where REALIZAR_ISA is not set";
  const auto& isas = backend::available_isas();
  const std::string expected = digests_of(backend::Isa::scalar);
  EXPECT_FALSE(expected.empty());
  for (const backend::Isa isa : isas)
    if (isa != backend::Isa::scalar && backend::keeps_bits(isa)) {
      EXPECT_EQ(digests_of(isa), expected) << to_string(isa);
    }
  if (isas.size() == 1) GTEST_SKIP() << "this processor has no other than " << to_string(isas[0]);
}

}  // namespace
}  // namespace realizar::model
