#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/program.hpp"

namespace realizar::test {
namespace {

nlohmann::json backends(const std::string& environment = "") {
  const Outcome outcome = run_program("info --backends --json", "", environment);
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  return nlohmann::json::parse(outcome.out).at("backends");
}

TEST(BackendsOption, ListsInstructionSetsWithTheirPeaksAndOneGpu) {
  const auto rows = backends("REALIZAR_ISA=");
  ASSERT_GE(rows.size(), 2u);
  std::string best;
  for (const auto& row : rows) {
    SCOPED_TRACE(row.dump());
    EXPECT_FALSE(row.at("reason").get<std::string>().empty());
    EXPECT_EQ(row.at("kind") == "gpu", row == rows.back());
    if (row.at("kind") == "gpu") continue;
    EXPECT_EQ(row.at("available").get<bool>(), row.at("int8_peak_gmac_per_s").is_number());
    EXPECT_EQ(row.at("available").get<bool>(), row.at("f32_peak_gmac_per_s").is_number());
    EXPECT_EQ(row.at("available").get<bool>(), row.at("read_bandwidth_gb_per_s").is_number());
    if (row.at("available")) best = row.at("name");
  }
  EXPECT_EQ(rows.at(0).at("name"), "scalar");
  for (const auto& row : rows)
    if (row.at("kind") != "gpu") EXPECT_EQ(row.at("used").get<bool>(), row.at("name") == best) << row.dump();
}

TEST(BackendsOption, SaysThatTheEnvironmentChose) {
  const auto rows = backends("REALIZAR_ISA=scalar");
  EXPECT_TRUE(rows.at(0).at("used"));
  EXPECT_EQ(rows.at(0).at("reason"), "REALIZAR_ISA names it");
}

TEST(BackendsOption, PrintsATable) {
  const Outcome outcome = run_program("info --backends");
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_EQ(outcome.out.rfind("backend", 0), 0u) << outcome.out;
  EXPECT_NE(outcome.out.find("\nscalar "), std::string::npos) << outcome.out;
}

TEST(BackendsOption, AloneNeedsNoModel) {
  const Outcome outcome = run_program("info");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.error.find("MODEL is required"), std::string::npos) << outcome.error;
}

}  // namespace
}  // namespace realizar::test
