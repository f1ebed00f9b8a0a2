#include "backend/isa.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "backend/system.hpp"
#include "backend/topology.hpp"
#include "realizar/error.hpp"

namespace realizar::backend {
namespace {

using testing::HasSubstr;

std::string message_for(std::string_view name, std::vector<Isa> available) {
  try {
    isa_by_name(name, available);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    return error.what();
  }
  return "";
}

TEST(Isa, ScalarAlwaysRunsAndBetterSetsFollow) {
  const auto& isas = available_isas();
  ASSERT_FALSE(isas.empty());
  EXPECT_EQ(isas.front(), Isa::scalar);
  EXPECT_TRUE(std::is_sorted(isas.begin(), isas.end()));
}

TEST(Isa, NamesRoundTrip) {
  for (const Isa isa : all_isas) EXPECT_EQ(isa_by_name(to_string(isa), all_isas), isa);
}

TEST(Isa, RefusedNamesListWhatThisMachineHas) {
  EXPECT_THAT(message_for("sse", {Isa::scalar, Isa::avx2}), HasSubstr("names no instruction set"));
  EXPECT_THAT(message_for("avx512", {Isa::scalar, Isa::avx2}), HasSubstr("this machine cannot run"));
  EXPECT_THAT(message_for("avx512", {Isa::scalar, Isa::avx2}), HasSubstr("scalar, avx2,"));
  EXPECT_THAT(message_for("AVX2", {Isa::scalar, Isa::avx2}), HasSubstr("names no instruction set"));
}

TEST(Isa, RefusedNamesListWhatTheMachineLacks) {
  const std::vector<std::string> some{"avx", "fma", "avx2", "avx512f", "avx512bw", "avx512vl", "avx512_vnni"};
  EXPECT_EQ(lacking_features(Isa::avx512, some), (std::vector<std::string>{"f16c", "avx512dq"}));
  EXPECT_EQ(lacking_features(Isa::neon_dot, std::vector<std::string>{"asimd"}),
            std::vector<std::string>{"dotprod"});
  EXPECT_TRUE(lacking_features(available_isas().back(), cpu_features()).empty());
  const auto lacking = lacking_features(Isa::avx512, cpu_features());
  if (lacking.empty()) return;
  EXPECT_THAT(message_for("avx512", available_isas()), HasSubstr("lacks " + lacking[0]));
}

TEST(Isa, TheEnvironmentOverrides) {
  const char* const name = std::getenv("REALIZAR_ISA");
  if (name == nullptr || *name == '\0')
    EXPECT_EQ(selected_isa(), available_isas().back());
  else
    EXPECT_STREQ(to_string(selected_isa()), name);
}

TEST(Topology, CountsWithinTheAffinityMask) {
  const auto cpus = system::usable_cpus();
  ASSERT_FALSE(cpus.empty());
  EXPECT_LE(topology().physical_cores, topology().usable_cores);
  EXPECT_LE(topology().usable_cores, static_cast<int>(cpus.size()));
  EXPECT_GE(topology().physical_cores, 1);

  const system::Affinity saved = system::affinity();
  ASSERT_TRUE(system::pin_to(cpus.back()));
  EXPECT_EQ(system::usable_cpus(), std::vector<int>{cpus.back()});
  EXPECT_EQ(system::current_cpu(), cpus.back());
  ASSERT_TRUE(system::set_affinity(saved));
  EXPECT_EQ(system::usable_cpus(), cpus);
}

TEST(Topology, CachesGrowWithTheirLevel) {
  EXPECT_GE(topology().l1_bytes, 8u << 10);
  EXPECT_LE(topology().l1_bytes, topology().l2_bytes);
}

}  // namespace
}  // namespace realizar::backend
