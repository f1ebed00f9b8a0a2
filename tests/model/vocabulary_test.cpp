#include "model/vocabulary.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "formats/gguf_file.hpp"
#include "formats/gguf_writer.hpp"
#include "realizar/error.hpp"
#include "support/golden.hpp"
#include "text/tokenizer.hpp"

namespace realizar::test {
namespace {

namespace fs = std::filesystem;
using formats::Gguf;
using formats::GgufWriter;
using text::Vocabulary;
using text::VocabularyKind;

Vocabulary read(const std::function<void(GgufWriter&)>& fill) {
  GgufWriter writer;
  fill(writer);
  const std::vector<std::byte> bytes = writer.bytes();
  return model::vocabulary_from_gguf(Gguf(bytes));
}

std::string error_of(const std::function<void(GgufWriter&)>& fill) {
  try {
    read(fill);
  } catch (const Error& error) {
    EXPECT_NE(error.kind(), ErrorKind::internal);
    return error.what();
  }
  return "no error";
}

void expect_error(const std::function<void(GgufWriter&)>& fill, std::string_view part) {
  const std::string message = error_of(fill);
  EXPECT_NE(message.find(part), std::string::npos) << message << "\n  lacks: " << part;
}

void fill_llama(GgufWriter& writer) {
  writer.set("tokenizer.ggml.model", "llama");
  writer.set_array("tokenizer.ggml.tokens", std::vector<std::string>{"<unk>", "<s>", "</s>", "a"});
}

TEST(VocabularyFromGguf, ReadsTokensScoresTypesAndFlags) {
  const Vocabulary v = read([](GgufWriter& writer) {
    fill_llama(writer);
    writer.set("general.name", "Phi-3");
    writer.set_array("tokenizer.ggml.scores", {0.0f, 0.0f, 0.0f, -1.5f});
    writer.set_array("tokenizer.ggml.token_type", {2, 3, 3, 1});
    writer.set("tokenizer.ggml.eos_token_id", std::uint32_t{3});
    writer.set("tokenizer.ggml.padding_token_id", std::int32_t{-1});
    writer.set("tokenizer.ggml.add_space_prefix", false);
  });
  EXPECT_EQ(v.kind, VocabularyKind::llama);
  EXPECT_EQ(v.tokens.size(), 4u);
  EXPECT_EQ(v.tokens[3], "a");
  EXPECT_EQ(v.scores[3], -1.5f);
  EXPECT_EQ(v.types[0], text::TokenType::unknown);
  EXPECT_EQ(v.bos, 1);
  EXPECT_EQ(v.eos, 3);
  EXPECT_EQ(v.padding, text::no_token);
  EXPECT_TRUE(v.add_bos);
  EXPECT_FALSE(v.add_space_prefix);
  EXPECT_EQ(v.model_name, "Phi-3");
}

TEST(VocabularyFromGguf, IsOfNoKindWithoutATokenizer) {
  EXPECT_EQ(read([](GgufWriter&) {}).kind, VocabularyKind::none);
  EXPECT_EQ(read([](GgufWriter& w) { w.set("tokenizer.ggml.model", "none"); }).kind, VocabularyKind::none);
}

TEST(VocabularyFromGguf, TakesTheDefaultPreTokenizerWhereNoneIsNamed) {
  const Vocabulary v = read([](GgufWriter& writer) {
    writer.set("tokenizer.ggml.model", "gpt2");
    writer.set_array("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b", "ab"});
    writer.set_array("tokenizer.ggml.merges", std::vector<std::string>{"a b"});
  });
  EXPECT_EQ(v.pre_tokenizer, "default");
  EXPECT_EQ(v.bos, text::no_token) << "the usual one is outside so small a vocabulary";
  EXPECT_EQ(text::Tokenizer(v).encode("ab"), std::vector<std::int32_t>{2});
}

TEST(VocabularyFromGguf, NamesWhatIsWrong) {
  expect_error([](GgufWriter& w) { w.set("tokenizer.ggml.model", "gpt9"); },
               "GGUF data: key 'tokenizer.ggml.model' at offset 24: the tokenizer model \"gpt9\" is unknown");
  const auto number = [](GgufWriter& w) { w.set("tokenizer.ggml.model", 7); };
  expect_error(number, "GGUF data: key 'tokenizer.ggml.model' at offset 24 is of type i32");
  EXPECT_EQ(error_of(number).rfind("GGUF data"), 0u) << "the file is named twice";
  expect_error([](GgufWriter& w) { w.set("tokenizer.ggml.model", "llama"); }, "tokenizer.ggml.tokens");
  expect_error(
      [](GgufWriter& w) {
        w.set("tokenizer.ggml.model", "llama");
        w.set_array("tokenizer.ggml.tokens", {1, 2});
      },
      "array of i32, not an array of string");
  expect_error(
      [](GgufWriter& w) {
        w.set("tokenizer.ggml.model", "llama");
        w.set_array("tokenizer.ggml.tokens", std::vector<std::string>{});
      },
      "is empty");
  const auto with = [](auto set) {
    return [set](GgufWriter& w) {
      fill_llama(w);
      set(w);
    };
  };
  expect_error(with([](GgufWriter& w) { w.set_array("tokenizer.ggml.scores", {1.0f}); }),
               "1 values for the 4 tokens");
  expect_error(with([](GgufWriter& w) {
                 w.set_array("tokenizer.ggml.token_type", {1, 1, 1});
               }),
               "3 values for the 4 tokens");
  expect_error(with([](GgufWriter& w) {
                 w.set_array("tokenizer.ggml.scores", {1, 1, 1, 1});
               }),
               "array of i32, not an array of f32");
  expect_error(with([](GgufWriter& w) {
                 w.set_array("tokenizer.ggml.token_type", {1u, 1u, 1u, 1u});
               }),
               "array of u32, not an array of i32");
  expect_error(with([](GgufWriter& w) {
                 w.set_array("tokenizer.ggml.precompiled_charsmap", std::vector<std::int8_t>{1, 1});
               }),
               "array of i8, not an array of u8");
  expect_error(with([](GgufWriter& w) { w.set("tokenizer.ggml.scores", 1.0f); }),
               "is a f32, not an array of f32");
  expect_error(with([](GgufWriter& w) { w.set("tokenizer.ggml.bos_token_id", std::uint32_t{4}); }),
               "outside the vocabulary of 4 tokens");
  expect_error(with([](GgufWriter& w) { w.set("tokenizer.ggml.bos_token_id", std::int32_t{-1}); }),
               "tokenizer.ggml.bos_token_id");
}

TEST(VocabularyFromGguf, NamesWhatIsWrongWithPairEncoding) {
  const auto gpt2 = [](const char* pre, std::vector<std::string> merges) {
    return [=](GgufWriter& w) {
      w.set("tokenizer.ggml.model", "gpt2");
      w.set("tokenizer.ggml.pre", pre);
      w.set_array("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b"});
      if (!merges.empty()) w.set_array("tokenizer.ggml.merges", merges);
    };
  };
  expect_error(gpt2("gpt-9", {"a b"}),
               "key 'tokenizer.ggml.pre' at offset 68: the pre-tokenizer \"gpt-9\" is unknown; known are ");
  expect_error(gpt2("gpt-2", {}), "tokenizer.ggml.merges");
  expect_error(gpt2("gpt-2", {"a b", "ab"}), "merge 1 is not two texts");
  EXPECT_EQ(error_of(gpt2("kimi-k2", {})), "no error");
}

// --- real vocabularies

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// BASE.inp holds texts with separators between, and BASE.out the ids of each on a line.
void expect_golden_ids(const fs::path& model, const std::string& base) {
  const auto file = formats::GgufFile::open(model);
  const text::Tokenizer tokenizer(model::vocabulary_from_gguf(file.gguf()));
  constexpr std::string_view separator = "\n__ggml_vocab_test__\n";
  std::string texts = contents(base + ".inp");
  ASSERT_FALSE(texts.empty()) << base;
  texts += separator;
  std::istringstream lines(contents(base + ".out"));
  std::size_t at = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t end = texts.find(separator, at);
    ASSERT_NE(end, std::string::npos) << base << " has fewer texts than lists of ids";
    const std::string text = texts.substr(at, end - at);
    at = end + separator.size();
    std::istringstream numbers(line);
    const std::vector<std::int32_t> expected{std::istream_iterator<std::int32_t>(numbers), {}};
    const std::vector<std::int32_t> ids = tokenizer.encode(text);
    EXPECT_EQ(ids, expected) << model << ": " << text;
    EXPECT_EQ(tokenizer.decode(ids), text) << model;
  }
  EXPECT_GT(at, 0u) << base << " has no ids";
}

TEST(GoldenVocabularies, GiveTheIdsOfTheReference) {
  REALIZAR_GOLDEN_OR_SKIP(golden);
  const fs::path folder = golden.parent_path() / "vocab";
  if (!fs::exists(folder)) GTEST_SKIP() << "no folder vocab beside the golden data";
  int found = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".gguf") continue;
    expect_golden_ids(entry.path(), entry.path().string());
    ++found;
  }
  EXPECT_GT(found, 0);
}

TEST(GoldenVocabularies, TheDefaultModelGivesTheIdsOfTheReference) {
  REALIZAR_GOLDEN_OR_SKIP(golden);
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const fs::path folder = cache ? fs::path(cache) : fs::path(home ? home : ".") / ".cache";
  const fs::path model = folder / "realizar/models/SmolLM2-135M-Instruct.Q4_1.gguf";
  if (!fs::exists(model)) GTEST_SKIP() << "the default model has not been fetched to " << model;
  expect_golden_ids(model, golden / "smollm2/tokens");
}

}  // namespace
}  // namespace realizar::test
