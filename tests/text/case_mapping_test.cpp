#include "text/case_mapping.hpp"

#include <gtest/gtest.h>

namespace realizar::text {
namespace {

TEST(CaseMapping, MapsSingleCodePoints) {
  EXPECT_EQ(to_lower('A'), 'a');
  EXPECT_EQ(to_lower('a'), 'a');
  EXPECT_EQ(to_lower(0x100), 0x101u);  // every other one of a range
  EXPECT_EQ(to_lower(0x101), 0x101u);
  EXPECT_EQ(to_lower(0x10400), 0x10428u);
  EXPECT_EQ(to_lower(0x130), 'i') << "of two code points the first";
}

TEST(CaseMapping, MapsToSeveralCodePoints) {
  EXPECT_EQ(to_upper("straße"), "STRASSE");
  EXPECT_EQ(fold_case("Straße"), "strasse");
  EXPECT_EQ(to_lower("İ"), "i\u0307");
}

TEST(CaseMapping, KnowsTheFinalSigma) {
  EXPECT_EQ(to_lower("ΣΑΣ"), "σας");
  EXPECT_EQ(to_lower("Σ"), "σ");
}

TEST(CaseMapping, MakesTitles) {
  EXPECT_EQ(to_title("hello ǆ they're"), "Hello ǅ They'Re");
  EXPECT_EQ(capitalize("ÉTÉ"), "Été");
  EXPECT_EQ(swap_case("Aé"), "aÉ");
}

}  // namespace
}  // namespace realizar::text
