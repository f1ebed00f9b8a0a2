#include "model/stop_strings.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "realizar/error.hpp"

namespace realizar::model {
namespace {

TEST(StopStrings, HoldBackWhatMayBeOne) {
  StopStrings stop({"</s>"});
  EXPECT_EQ(stop.push("Hello <"), "Hello ");
  EXPECT_EQ(stop.push("/"), "");
  EXPECT_EQ(stop.push("b> <"), "</b> ");
  EXPECT_EQ(stop.push("/s> more"), "");
  EXPECT_TRUE(stop.matched());
  EXPECT_EQ(stop.push("and more"), "");
  EXPECT_EQ(stop.finish(), "");
}

TEST(StopStrings, GiveBackAtTheEndWhatWasNone) {
  StopStrings stop({"END"});
  EXPECT_EQ(stop.push("THE EN"), "THE ");
  EXPECT_EQ(stop.finish(), "EN");
  EXPECT_FALSE(stop.matched());
}

TEST(StopStrings, FindOneThatBeginsWithinAFailedBeginning) {
  StopStrings stop({"aab"});
  EXPECT_EQ(stop.push("aaa"), "a");
  EXPECT_EQ(stop.push("b"), "");
  EXPECT_TRUE(stop.matched());
}

TEST(StopStrings, TheFirstToBeCompleteWins) {
  StopStrings stop({"abcd", "bc"});
  EXPECT_EQ(stop.push("xabcd"), "xa");
  EXPECT_TRUE(stop.matched());
  StopStrings same_end({"bc", "abc"});
  EXPECT_EQ(same_end.push("xabc"), "x");
}

TEST(StopStrings, KeepCharactersWhole) {
  StopStrings stop({"é!"});
  EXPECT_EQ(stop.push("caf\xc3"), "caf");
  EXPECT_EQ(stop.push("\xa9"), "");
  EXPECT_EQ(stop.push("?"), "é?");
}

TEST(StopStrings, WithoutAnyLetAllThrough) {
  StopStrings stop({});
  EXPECT_EQ(stop.push("all"), "all");
  EXPECT_EQ(stop.finish(), "");
}

TEST(StopStrings, RefuseWhatCannotBeMeant) {
  EXPECT_THROW(StopStrings({""}), Error);
  EXPECT_THROW(StopStrings({"\xa9"}), Error);
}

TEST(StopStrings, AgreeWithASearchOfTheWholeTextWhereverPiecesEnd) {
  EXPECT_TRUE(rc::check([] {
    const auto text_of = [](size_t most) {
      return rc::gen::resize(static_cast<int>(most),
                             rc::gen::container<std::string>(rc::gen::element('a', 'b', 'c')));
    };
    const auto strings =
        *rc::gen::resize(3, rc::gen::container<std::vector<std::string>>(rc::gen::nonEmpty(text_of(4))));
    const auto pieces = *rc::gen::container<std::vector<std::string>>(text_of(5));
    std::string text, shown;
    for (const std::string& piece : pieces) text += piece;

    // The first end of a stop string, and of those that end there the first beginning.
    size_t end = std::string::npos, begin = text.size();
    for (size_t e = 1; e <= text.size() && end == std::string::npos; ++e)
      for (const std::string& s : strings)
        if (e >= s.size() && text.compare(e - s.size(), s.size(), s) == 0) {
          end = e;
          begin = std::min(begin, e - s.size());
        }

    StopStrings stop(strings);
    for (const std::string& piece : pieces) {
      shown += stop.push(piece);
      RC_ASSERT(text.compare(0, shown.size(), shown) == 0 && shown.size() <= begin);
    }
    shown += stop.finish();
    RC_ASSERT(stop.matched() == (end != std::string::npos));
    RC_ASSERT(shown == text.substr(0, begin));
  }));
}

}  // namespace
}  // namespace realizar::model
