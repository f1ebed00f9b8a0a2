#include "text/tokenizer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "realizar/error.hpp"
#include "text/small_vocabularies.hpp"

namespace realizar::test {
namespace {

using text::EncodeOptions;

std::string encoded(const Tokenizer& tokenizer, std::string_view text, EncodeOptions options = {}) {
  return spelled(tokenizer, tokenizer.encode(text, options));
}

/// UTF-8, since bytes that are none do not come back as they were.
rc::Gen<std::string> any_text() {
  const auto points = rc::gen::container<std::vector<std::uint32_t>>(
      rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(0, 0x80), rc::gen::inRange<std::uint32_t>(0x80, 0x3100),
                     rc::gen::inRange<std::uint32_t>(0xE000, 0x110000)));
  return rc::gen::map(points, [](const std::vector<std::uint32_t>& code_points) {
    std::string text;
    for (const std::uint32_t point : code_points) text::append_utf8(text, point);
    return text;
  });
}

// --- byte-level pair encoding

TEST(BytePair, MergesInTheOrderOfTheListAndNotFromTheLeft) {
  EXPECT_EQ(encoded(Tokenizer(byte_level()), "hello"), "hello");
  EXPECT_EQ(encoded(Tokenizer(byte_level("gpt-2", {"b c", "a b"})), "abc"), "a|bc");
  EXPECT_EQ(encoded(Tokenizer(byte_level("gpt-2", {"a b", "b c"})), "abc"), "ab|c");
}

TEST(BytePair, MergesTheLeftmostOfEqualPairsFirst) {
  EXPECT_EQ(encoded(Tokenizer(byte_level("gpt-2", {"a a"})), "aaaaa"), "aa|aa|a");
}

TEST(BytePair, NeverMergesAcrossPieces) {
  EXPECT_EQ(encoded(Tokenizer(byte_level("smollm")), "123"), "1|2|3");
  EXPECT_EQ(encoded(Tokenizer(byte_level("gpt-2")), "123"), "123");
  EXPECT_EQ(encoded(Tokenizer(byte_level("gpt-2")), "o wo"), "o|Ġw|o");
}

TEST(BytePair, TakesAPieceThatIsATokenWholeWhereThePreTokenizerSaysSo) {
  Vocabulary v = byte_level("llama-bpe", {});
  const std::int32_t word = add(v, "word");
  EXPECT_EQ(Tokenizer(v).encode("word"), Ids{word});
  Vocabulary w = byte_level("gpt-2", {});
  add(w, "word");
  EXPECT_EQ(Tokenizer(w).encode("word").size(), 4u);
}

TEST(BytePair, MergesThroughTextsThatAreNoTokens) {
  Vocabulary v = byte_level("gpt-2", {});
  v.merges.push_back("x y");  // "xy" is no token
  v.merges.push_back("xy z");
  const std::int32_t whole = add(v, "xyz");
  EXPECT_EQ(Tokenizer(v).encode("xyz"), Ids{whole});
  EXPECT_EQ(Tokenizer(v).encode("xy"), (Ids{'x', 'y'}));
}

TEST(BytePair, SpellsSpacesAndBytesAsTokensWithoutByteLevelDo) {
  Vocabulary v = text::default_vocabulary("gemma4", "");
  const std::int32_t space = add(v, "▁"), a = add(v, "a"), space_a = add(v, "▁a"), lines = add(v, "\n\n");
  const std::int32_t byte = add(v, "<0x62>", TokenType::byte);
  v.merges.push_back("▁ a");
  const Tokenizer tokenizer(v);
  EXPECT_EQ(tokenizer.encode("a a  a"), (Ids{a, space_a, space, space_a}));
  EXPECT_EQ(tokenizer.encode("b\n\na"), (Ids{byte, lines, a}));
  EXPECT_EQ(tokenizer.decode(Ids{space_a, byte}), " ab");
}

RC_GTEST_PROP(BytePair, DecodesToTheTextItEncoded, ()) {
  const auto pre =
      *rc::gen::element<std::string>("gpt-2", "smollm", "llama-bpe", "qwen2", "deepseek-llm", "tekken",
                                     "gpt-4o", "kimi-k2", "superbpe", "afmoe", "chameleon", "viking");
  const std::string text = *any_text();
  const Tokenizer tokenizer(byte_level(pre));
  RC_ASSERT(tokenizer.decode(tokenizer.encode(text)) == text);
}

// --- SentencePiece

TEST(SentencePiece, MergesTheBestScoreFirst) {
  const Tokenizer tokenizer(sentence_piece());
  // "▁a" scores better than "ab" and "bc", and "▁a" + "bc" is a token.
  EXPECT_EQ(encoded(tokenizer, "abc"), "▁abc");
  EXPECT_EQ(encoded(tokenizer, "bc"), "▁|bc");
}

TEST(SentencePiece, SpellsUnknownCharactersByByte) {
  const Tokenizer tokenizer(sentence_piece());
  EXPECT_EQ(encoded(tokenizer, "é"), "▁|é");
  EXPECT_EQ(encoded(tokenizer, "ü"), "▁|<0xC3>|<0xBC>");
  EXPECT_EQ(encoded(tokenizer, "\xFF"), "▁|<0xFF>");
}

TEST(SentencePiece, PutsASpaceInFrontOnlyWhereTheVocabularyAsks) {
  Vocabulary v = sentence_piece();
  EXPECT_EQ(encoded(Tokenizer(v), "b"), "▁|b");
  EXPECT_EQ(encoded(Tokenizer(v), "b<tag>b"), "▁|b|<tag>|▁|b");
  v.add_space_prefix = false;
  EXPECT_EQ(encoded(Tokenizer(v), "b"), "b");
}

RC_GTEST_PROP(SentencePiece, DecodesToTheTextItEncoded, ()) {
  const std::string text = *any_text();
  const Tokenizer tokenizer(sentence_piece());
  RC_PRE(text.find("▁") == std::string::npos);  // which cannot be told from a space
  RC_ASSERT(tokenizer.decode(tokenizer.encode(text)) == text);
}

// --- WordPiece

TEST(WordPiece, CoversWordsByTheLongestPieces) {
  const Tokenizer tokenizer(word_piece());
  EXPECT_EQ(encoded(tokenizer, "unaffable playing"), "▁un|aff|able|▁play|ing");
  EXPECT_EQ(encoded(tokenizer, "unaffableX a"), "[UNK]|▁a");
}

TEST(WordPiece, SplitsPunctuationAndChineseAndFoldsCaseAndAccents) {
  const Tokenizer tokenizer(word_piece());
  EXPECT_EQ(encoded(tokenizer, "Café,PLAY中a"), "▁cafe|▁,|▁play|▁中|▁a");
  Vocabulary cased = word_piece();
  cased.lowercase = cased.strip_accents = false;
  EXPECT_EQ(encoded(Tokenizer(cased), "play Play café"), "▁play|[UNK]|[UNK]");
}

TEST(WordPiece, BeginsAndEndsWithItsMarks) {
  EXPECT_EQ(encoded(Tokenizer(word_piece()), "a", {.add_special = true}), "[CLS]|▁a|[SEP]");
}

// --- unigram

TEST(Unigram, TakesTheBestSumOfScores) {
  const Tokenizer tokenizer(unigram());
  EXPECT_EQ(encoded(tokenizer, "ab"), "▁|ab");       // -3 - 5 beats -9 and -3 - 4 - 4
  EXPECT_EQ(encoded(tokenizer, "abab"), "▁|ab|ab");  // -5 - 5 beats -11
}

TEST(Unigram, JoinsUnknownCharactersAndMergesSpaces) {
  const Tokenizer tokenizer(unigram());
  EXPECT_EQ(encoded(tokenizer, "  axyzb   b "), "▁|a|<unk>|b|▁|b");
  EXPECT_EQ(encoded(tokenizer, "   "), "");
}

TEST(Unigram, PrefersUserDefinedTokens) {
  EXPECT_EQ(encoded(Tokenizer(unigram()), "a<tag>b"), "▁|a|<tag>|▁|b");
}

TEST(Unigram, EndsWhereTheVocabularyAsks) {
  EXPECT_EQ(encoded(Tokenizer(unigram()), "a", {.add_special = true}), "▁|a|</s>");
}

TEST(Unigram, NormalisesByTheCharacterMap) {
  // A double array with one key: "B" is replaced by "ab".
  const std::uint32_t base = 128, key = base ^ 'B', value = key ^ 1;
  std::vector<std::uint32_t> array(256);
  array[0] = base << 10;
  array[key] = 1u << 10 | 1u << 8 | 'B';
  array[value] = 1u << 31 | 0;
  std::string map(4, '\0');
  map[1] = 4;  // 1024 bytes, little endian
  for (const std::uint32_t entry : array)
    for (int shift = 0; shift < 32; shift += 8) map += static_cast<char>(entry >> shift);
  map += std::string("ab\0", 3);
  Vocabulary v = unigram();
  v.precompiled_charsmap = map;
  EXPECT_EQ(encoded(Tokenizer(v), "Bab"), "▁|ab|ab");
  v.precompiled_charsmap.resize(3);
  EXPECT_THROW(Tokenizer{v}, Error);
  v.precompiled_charsmap = "\xFF\xFF\xFF\x7F and no more";
  EXPECT_THROW(Tokenizer{v}, Error);
}

// --- special tokens

TEST(SpecialTokens, AreParsedOnlyWhenAsked) {
  const Tokenizer tokenizer(byte_level());
  const std::int32_t end = tokenizer.eos();
  EXPECT_EQ(tokenizer.encode("a<|endoftext|>b", {.parse_special = true}), (Ids{'a', end, 'b'}));
  EXPECT_EQ(tokenizer.encode("a<|endoftext|>b").size(), 15u);
  EXPECT_EQ(encoded(tokenizer, "a<tag>b"), "a|<tag>|b") << "user-defined tokens always are";
}

TEST(SpecialTokens, LongerOnesWin) {
  Vocabulary v = byte_level();
  add(v, "<tag><x>", TokenType::user_defined);
  add(v, "x><tag", TokenType::user_defined);
  const Tokenizer tokenizer(v);
  EXPECT_EQ(encoded(tokenizer, "<tag><x><tag>"), "<tag><x>|<tag>");
}

TEST(SpecialTokens, TakeTheSpaceBehindThemInPhi3) {
  Vocabulary v = sentence_piece();
  add(v, "<|end|>", TokenType::control);
  const EncodeOptions parse{.parse_special = true};
  EXPECT_EQ(encoded(Tokenizer(v), "b<|end|> \n b", parse), "▁|b|<|end|>|▁▁|<0x0A>|▁|b");
  v.model_name = "Phi-3-mini";
  EXPECT_EQ(encoded(Tokenizer(v), "b<|end|> \n b", parse), "▁|b|<|end|>|▁|b");
}

TEST(SpecialTokens, EndAGenerationByIdOrByWellKnownText) {
  Vocabulary v = byte_level();
  const std::int32_t marked = add(v, "<|im_end|>");  // published as a normal token by mistake
  v.eot = add(v, "<turn-over>", TokenType::control);
  const Tokenizer tokenizer(v);
  EXPECT_EQ(tokenizer.end_of_generation_ids(), (Ids{v.eos, marked, v.eot}));
  EXPECT_FALSE(tokenizer.is_end_of_generation('a'));
  EXPECT_EQ(tokenizer.encode("<|im_end|>", {.parse_special = true}), Ids{marked});
  EXPECT_EQ(tokenizer.decode(Ids{marked}), "");
}

TEST(SpecialTokens, EndOfAMessageIsNoEndWhereTurnsHaveTheirOwn) {
  Vocabulary v = byte_level();
  const std::int32_t message = add(v, "<|end|>", TokenType::control);
  EXPECT_TRUE(Tokenizer(v).is_end_of_generation(message));
  add(v, "<|return|>", TokenType::control);
  add(v, "<|call|>", TokenType::control);
  EXPECT_FALSE(Tokenizer(v).is_end_of_generation(message));
}

TEST(SpecialTokens, AreAddedWhereTheVocabularyAsks) {
  Vocabulary v = sentence_piece();
  const EncodeOptions add_special{.add_special = true};
  EXPECT_EQ(encoded(Tokenizer(v), "b", add_special), "<s>|▁|b");
  EXPECT_EQ(encoded(Tokenizer(v), "", add_special), "<s>");
  v.add_bos = false;
  v.add_eos = true;
  EXPECT_EQ(encoded(Tokenizer(v), "b", add_special), "▁|b|</s>");
}

// --- all kinds

TEST(Tokenizer, DecodesControlTokensOnlyWhenAsked) {
  const Tokenizer tokenizer(sentence_piece());
  const Ids ids = tokenizer.encode("<s>b", {.parse_special = true});
  EXPECT_EQ(tokenizer.decode(ids), "b");
  EXPECT_EQ(tokenizer.decode(ids, true), "<s>b");
}

TEST(Tokenizer, RefusesIdsOutsideTheVocabulary) {
  const Tokenizer tokenizer(byte_level());
  EXPECT_THROW(tokenizer.token_to_piece(-1), Error);
  EXPECT_THROW(tokenizer.decode(Ids{1 << 20}), Error);
}

TEST(Tokenizer, WithoutVocabularyRefusesText) {
  const Tokenizer tokenizer(text::default_vocabulary("none", ""));
  EXPECT_THROW(tokenizer.encode("a"), Error);
}

// A step that looks at all of a run for each of its characters would take minutes on these.
TEST(Tokenizer, TakesLongRunsOfAnything) {
  const auto check = [](const Tokenizer& tokenizer) {
    for (const std::string_view unit : {"a", " ", "1", "\n", "!", "é", "中", "\xFF", " a", "'", "<"}) {
      std::string run;
      while (run.size() < 30'000) run += unit;
      EXPECT_GT(tokenizer.encode(run + "x", {.parse_special = true}).size(), 0u);
    }
  };
  for (const std::string_view pre : text::pre_tokenizer_names()) check(Tokenizer(byte_level(pre)));
  check(Tokenizer(sentence_piece()));
  check(Tokenizer(word_piece()));
  check(Tokenizer(unigram()));
}

}  // namespace
}  // namespace realizar::test
