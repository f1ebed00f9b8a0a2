#include "text/pre_tokenizer.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "realizar/error.hpp"
#include "text/unicode.hpp"

namespace realizar::test {
namespace {

using text::PreTokenizer;

std::string split(std::string_view name, std::string_view text) {
  std::vector<std::uint32_t> points;
  for (std::size_t i = 0; i < text.size();) points.push_back(text::next_code_point(text, i));
  std::string pieces;
  std::size_t at = 0;
  for (const std::uint32_t length : PreTokenizer(text::pre_tokenizer_traits(name)).split(points)) {
    if (at > 0) pieces += '|';
    for (std::uint32_t i = 0; i < length; ++i) text::append_utf8(pieces, points[at++]);
  }
  return pieces;
}

TEST(PreTokenizer, KnowsEachNameOnce) {
  const auto names = text::pre_tokenizer_names();
  EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size());
  for (const std::string_view name : names) EXPECT_EQ(split(name, ""), "");
}

TEST(PreTokenizer, ListsTheKnownNamesForAnUnknownOne) {
  try {
    text::pre_tokenizer_traits("gpt-9");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_NE(std::string(error.what()).find("gpt-9"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("llama-bpe, "), std::string::npos);
  }
}

TEST(PreTokenizer, Gpt2KeepsRunsOfNumbersAndTheSpaceBeforeAWord) {
  EXPECT_EQ(split("gpt-2", "I'll pay  $12,345 to  Zoë's\n"), "I|'ll| pay| | $|12|,|345| to| | Zoë|'s|\n");
}

TEST(PreTokenizer, SmolLmTakesNumbersOneByOne) { EXPECT_EQ(split("smollm", "a 123"), "a| |1|2|3"); }

TEST(PreTokenizer, Llama3TakesThreeNumbersAndContractionsOfAnyCase) {
  EXPECT_EQ(split("llama-bpe", "HE'LL 12345\n\n x"), "HE|'LL| |123|45|\n\n| x");
}

TEST(PreTokenizer, Gpt4oSplitsWordsAtCapitals) {
  EXPECT_EQ(split("gpt-4o", "camelCase HTTPServer it's"), "camel|Case| HTTPServer| it's");
}

TEST(PreTokenizer, KimiKeepsHanApart) { EXPECT_EQ(split("kimi-k2", "ab中文c"), "ab|中文|c"); }

TEST(PreTokenizer, DeepSeekSeparatesScripts) {
  EXPECT_EQ(split("deepseek-v3", "1234 ab中文!x"), "123|4| ab|中文|!x");
  EXPECT_EQ(split("deepseek-llm", "ab, 中文12"), "ab|,| |中文|12");
}

TEST(PreTokenizer, GroupsDigitsFromTheirEnd) {
  EXPECT_EQ(split("superbpe", "a1234567b"), "a|1|234|567|b");
  EXPECT_EQ(split("afmoe", "12345"), "12|345");
}

TEST(PreTokenizer, ExaoneMoeKeepsPhrasesTogether) { EXPECT_EQ(split("exaone-moe", "a b  c"), "a b| | c"); }

TEST(PreTokenizer, SeesWhiteSpaceOfAllKinds) {
  EXPECT_EQ(split("gpt-2", "a\u3000\u00A0b"), "a|\u3000|\u00A0|b");
}

}  // namespace
}  // namespace realizar::test
