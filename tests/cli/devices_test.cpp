#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/program.hpp"

namespace realizar::test {
namespace {

nlohmann::json devices(const std::string& environment = "") {
  const Outcome outcome = run_program("devices --json", "", environment);
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_EQ(outcome.error, "");
  return nlohmann::json::parse(outcome.out);
}

TEST(DevicesCommand, ListsGpusWithLimitsAndFeatures) {
  const auto json = devices();
  if (json.at("gpus").empty())
    GTEST_SKIP() << "no GPU for tests: " << json.at("problem").get<std::string>().substr(0, 80);
  for (const auto& gpu : json.at("gpus")) {
    EXPECT_FALSE(gpu.at("name").get<std::string>().empty());
    EXPECT_GT(gpu.at("limits").at("binding_bytes"), 1 << 20);
    EXPECT_TRUE(gpu.at("features").at("shader-f16").is_boolean());
  }
  const std::string name = json.at("gpus").at(0).at("name");
  EXPECT_NE(run_program("devices").out.find(name + "\n  type"), std::string::npos);
}

TEST(DevicesCommand, AutoTakesNoSoftware) {
  const auto json = devices();
  const auto& chosen = json.at("auto");
  if (chosen.is_null()) return;
  EXPECT_NE(json.at("gpus").at(chosen.get<size_t>()).at("type"), "software");
}

TEST(DevicesCommand, WithoutTheLibrarySaysWhatIsMissingAndWhatToDo) {
  const std::string environment = "REALIZAR_WGPU_LIBRARY=/no/such/library.so";
  const auto json = devices(environment);
  EXPECT_TRUE(json.at("gpus").empty());
  EXPECT_TRUE(json.at("auto").is_null());
  EXPECT_NE(json.at("problem").get<std::string>().find("scripts/fetch_wgpu"), std::string::npos);
  const Outcome outcome = run_program("devices", "", environment);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out.rfind("no GPU: ", 0), 0u) << outcome.out;
}

TEST(DevicesCommand, HelpHasExamples) {
  EXPECT_NE(run_program("devices --help").out.find("realizar devices --json"), std::string::npos);
}

}  // namespace
}  // namespace realizar::test
