#include <gtest/gtest.h>

#include <chrono>

#include "text/chat_template.hpp"

namespace realizar::text {
namespace {

ErrorKind kind_of(const std::string& source, const std::string& variables = "{}") {
  try {
    render_template(source, variables);
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << source.substr(0, 80) << " renders";
  return ErrorKind::internal;
}

TEST(ChatTemplate, RendersAConversation) {
  const char* source =
      "{% for message in messages %}\n{{ '<|' + message.role + '|>' + message['content']|trim }}\n{% endfor "
      "%}\n"
      "{%- if add_generation_prompt %}<|assistant|>{% endif %}";
  EXPECT_EQ(
      render_template(
          source, R"({"messages": [{"role": "user", "content": " hi "}], "add_generation_prompt": true})"),
      "<|user|>hi\n<|assistant|>");
}

TEST(ChatTemplate, WritesJsonWithUnicodeAndKeyOrder) {
  EXPECT_EQ(render_template("{{ x|tojson }}", R"({"x": {"b": "é<", "a": [1, 2.0, null, true]}})"),
            R"({"b": "é<", "a": [1, 2.0, null, true]})");
}

TEST(ChatTemplate, WritesTheShortestDigitsThatReadBack) {
  EXPECT_EQ(render_template("{{ x|join(' ') }}", R"({"x": [0.1, 1e22, 1e16, 123456.0, 1e-5, -0.0, 5e-324]})"),
            "0.1 1e+22 1e+16 123456.0 1e-05 -0.0 5e-324");
  // 2^-24, where the closest 16 digits read back as the number below it.
  EXPECT_EQ(render_template("{{ x }}", R"({"x": 5.960464477539063e-08})"), "5.960464477539063e-08");
}

TEST(ChatTemplate, TakesItsClockFromTheInput) {
  EXPECT_EQ(render_template("{{ strftime_now('%d %b %Y %H:%M') }}", R"({"now": "2024-07-26T08:05:00"})"),
            "26 Jul 2024 08:05");
}

TEST(ChatTemplate, NamesTheLineOfAnError) {
  try {
    render_template("a\nb\n{{ raise_exception('no system role') }}", "{}");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_template);
    EXPECT_NE(std::string(error.what()).find("line 3: no system role"), std::string::npos) << error.what();
  }
}

TEST(ChatTemplate, ForbidsChangesToValues) {
  EXPECT_EQ(kind_of("{{ [1].append(2) }}"), ErrorKind::invalid_template);
}

TEST(ChatTemplate, WritesIntegersOfAnyLengthAndComputesWith64Bits) {
  EXPECT_EQ(render_template("{{ x }} {{ x|tojson }} {{ -9223372036854775808 }}",
                            R"({"x": [18446744073709551615, -99999999999999999999]})"),
            "[18446744073709551615, -99999999999999999999] [18446744073709551615, -99999999999999999999] "
            "-9223372036854775808");
  for (const char* sum : {"x + 1", "1 + x", "x < 1", "x|round", "[x]|sum", "'%d' % x", "'{:d}'.format(x)"})
    EXPECT_EQ(kind_of("{{ " + std::string(sum) + " }}", R"({"x": 18446744073709551615})"),
              ErrorKind::invalid_template)
        << sum;
}

TEST(ChatTemplate, BlamesItsInputForFaultsOfTheInput) {
  for (const char* input :
       {"", "{", "[]", R"({"x": 1)", R"({"now": 5})", R"({"now": null})", R"({"now": "x"})"})
    EXPECT_EQ(kind_of("x", input), ErrorKind::invalid_argument) << input;
  EXPECT_EQ(kind_of("x", R"({"x": )" + std::string(5000, '9') + "}"), ErrorKind::invalid_argument);
}

TEST(ChatTemplate, BoundsHostileTemplates) {
  auto start = std::chrono::steady_clock::now();
  std::string many(100'000, '(');
  EXPECT_EQ(kind_of("{{ " + many), ErrorKind::invalid_template);
  std::string sum = "{{ 1";
  for (int i = 0; i < 100'000; ++i) sum += "+1";
  EXPECT_EQ(kind_of(sum + " }}"), ErrorKind::invalid_template);
  std::string blocks;
  for (int i = 0; i < 100'000; ++i) blocks += "{% if 1 %}";
  EXPECT_EQ(kind_of(blocks), ErrorKind::invalid_template);
  EXPECT_EQ(kind_of("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"), ErrorKind::limit_exceeded);
  EXPECT_EQ(kind_of("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"),
            ErrorKind::limit_exceeded);
  EXPECT_EQ(kind_of("{{ 'a' * 9999999999 }}"), ErrorKind::limit_exceeded);
  EXPECT_EQ(
      kind_of(
          "{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}"),
      ErrorKind::limit_exceeded);
  EXPECT_EQ(
      kind_of("{% set ns = namespace(x=[]) %}{% for i in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}"),
      ErrorKind::limit_exceeded);
  EXPECT_EQ(kind_of("{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}"), ErrorKind::invalid_template);
  EXPECT_EQ(kind_of("{{ range(100001) }}"), ErrorKind::invalid_template);
  EXPECT_EQ(kind_of("{{ '%999999999d' % 1 }}"), ErrorKind::limit_exceeded);
  EXPECT_EQ(kind_of("{{ 9223372036854775807 + 1 }}"), ErrorKind::invalid_template);
  EXPECT_EQ(kind_of("{{ x }}", std::string(100'000, '[')), ErrorKind::limit_exceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

}  // namespace
}  // namespace realizar::text
