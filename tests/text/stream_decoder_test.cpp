#include "text/stream_decoder.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "text/small_vocabularies.hpp"

namespace realizar::test {
namespace {

using text::StreamDecoder;

TEST(StreamDecoder, HoldsACharacterBackUntilItIsWhole) {
  const Tokenizer tokenizer(byte_level());
  StreamDecoder decoder(tokenizer);
  EXPECT_EQ(decoder.push('a'), "a");
  EXPECT_EQ(decoder.push(0xE4), "");
  EXPECT_EQ(decoder.push(0xB8), "");
  EXPECT_EQ(decoder.push(0xAD), "中");
  EXPECT_EQ(decoder.finish(), "");
}

TEST(StreamDecoder, ReplacesWhatCanBecomeNoCharacter) {
  const Tokenizer tokenizer(byte_level());
  StreamDecoder decoder(tokenizer);
  EXPECT_EQ(decoder.push(0xFF), "\uFFFD");
  EXPECT_EQ(decoder.push(0xE4), "");
  EXPECT_EQ(decoder.push('a'), "\uFFFDa");
  EXPECT_EQ(decoder.push(0xED), "");
  EXPECT_EQ(decoder.push(0xA0), "\uFFFD\uFFFD") << "a surrogate";
  EXPECT_EQ(decoder.push(0xF0), "");
  EXPECT_EQ(decoder.finish(), "\uFFFD");
  EXPECT_EQ(decoder.finish(), "");
}

TEST(StreamDecoder, ShowsControlTokensOnlyWhenAsked) {
  const Tokenizer tokenizer(byte_level());
  EXPECT_EQ(StreamDecoder(tokenizer).push(tokenizer.eos()), "");
  EXPECT_EQ(StreamDecoder(tokenizer, true).push(tokenizer.eos()), "<|endoftext|>");
}

RC_GTEST_PROP(StreamDecoder, GivesTheSameTextHoweverItIsCut, (const std::string& bytes)) {
  const Tokenizer tokenizer(byte_level());
  StreamDecoder whole(tokenizer), parts(tokenizer);
  std::string expected = whole.push_bytes(bytes);
  expected += whole.finish();
  std::string got;
  for (const char& byte : bytes) {
    const std::string now = parts.push_bytes(std::string_view(&byte, 1));
    RC_ASSERT(now.empty() || (now.front() & 0xC0) != static_cast<char>(0x80));
    got += now;
  }
  RC_ASSERT(got + parts.finish() == expected);
}

}  // namespace
}  // namespace realizar::test
