#include "text/unicode.hpp"

#include <gtest/gtest.h>

#include <vector>
namespace realizar::test {
namespace {

using text::Category;

TEST(Unicode, KnowsCategories) {
  EXPECT_EQ(text::category('a'), Category::letter);
  EXPECT_EQ(text::category(0x4E2D), Category::letter);
  EXPECT_EQ(text::category('7'), Category::number);
  EXPECT_EQ(text::category(0x2167), Category::number);  // Roman eight
  EXPECT_EQ(text::category('!'), Category::punctuation);
  EXPECT_EQ(text::category('+'), Category::symbol);
  EXPECT_EQ(text::category(0x301), Category::mark);
  EXPECT_EQ(text::category('\n'), Category::control);
  EXPECT_EQ(text::category(' '), Category::other);
  EXPECT_EQ(text::category(0x10FFFF), Category::other);
  EXPECT_EQ(text::category(0x31EF), Category::symbol);  // new in Unicode 15.1
}

TEST(Unicode, KnowsWhatStandsUnderAccents) {
  EXPECT_EQ(text::base_character(0xE9), 'e');
  EXPECT_EQ(text::base_character('e'), 'e');
}

TEST(Unicode, HasThePropertiesOfPythonsStr) {
  EXPECT_TRUE(text::is_space(0x1C));
  EXPECT_FALSE(text::is_whitespace(0x1C));
  EXPECT_TRUE(text::is_line_break(0x2028));
  EXPECT_TRUE(text::is_decimal(0x660));                              // Arabic zero
  EXPECT_TRUE(text::is_digit(0xB2) && !text::is_decimal(0xB2));      // superscript two
  EXPECT_TRUE(text::is_numeric(0x4E00) && !text::is_digit(0x4E00));  // the letter for one
  EXPECT_TRUE(text::is_printable(' ') && !text::is_printable(0xA0) && !text::is_printable(0x378));
  EXPECT_TRUE(text::is_cased(0x1C5) && !text::is_lowercase(0x1C5) && !text::is_uppercase(0x1C5));
}

TEST(Unicode, TellsValidUtf8) {
  EXPECT_TRUE(text::is_valid_utf8("aé中😀"));
  for (const char* text : {"\x80", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "a\xE4\xB8"})
    EXPECT_FALSE(text::is_valid_utf8(text)) << text;
}

std::vector<std::uint32_t> decoded(std::string_view text) {
  std::vector<std::uint32_t> points;
  for (std::size_t i = 0; i < text.size();) points.push_back(text::next_code_point(text, i));
  return points;
}

TEST(Unicode, ReadsUtf8AndReplacesWhatIsNone) {
  EXPECT_EQ(decoded("aé中😀"), (std::vector<std::uint32_t>{'a', 0xE9, 0x4E2D, 0x1F600}));
  EXPECT_EQ(decoded("\x80"), std::vector<std::uint32_t>{0xFFFD});
  EXPECT_EQ(decoded("\xE4\xB8"), (std::vector<std::uint32_t>{0xFFFD, 0xFFFD}));
  EXPECT_EQ(decoded("\xC3z"), (std::vector<std::uint32_t>{0xFFFD, 'z'}));
  EXPECT_EQ(decoded("\xF4\x90\x80\x80").front(), 0xFFFDu) << "beyond U+10FFFF";
}

TEST(Unicode, WritesWhatItReads) {
  for (std::uint32_t point = 0; point <= 0x10FFFF; point += 13) {
    std::string text;
    text::append_utf8(text, point);
    EXPECT_EQ(decoded(text), std::vector<std::uint32_t>{point});
  }
}

}  // namespace
}  // namespace realizar::test
