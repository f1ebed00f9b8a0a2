#include "gpu/webgpu/unrolled.hpp"

#include <gtest/gtest.h>

#include "gpu/software_gpu.hpp"

namespace realizar::gpu::webgpu {
namespace {

TEST(Unrolled, RepeatsLines) {
  EXPECT_EQ(unrolled("a\n#repeat i n\nlet x#i = #iu + 1;\n#end\nb\n", {{"n", 2}}),
            "a\nlet x0 = 0u + 1;\nlet x1 = 1u + 1;\nb\n");
  EXPECT_EQ(unrolled("#repeat i n\nx\n#end\n", {{"n", 0}}), "");
}

TEST(Unrolled, RepetitionsStandInEachOther) {
  EXPECT_EQ(unrolled("  #repeat p panels\n  #repeat t tokens\ns#p_#t\n  #end\n;\n  #end\n",
                     {{"panels", 2}, {"tokens", 2}}),
            "s0_0\ns0_1\n;\ns1_0\ns1_1\n;\n");
}

TEST(Unrolled, RefusesTextsThatAreNotWhole) {
  EXPECT_EQ(thrown([] { unrolled("#repeat i n\n", {{"n", 1}}); }), ErrorKind::internal);
  EXPECT_EQ(thrown([] { unrolled("#end\n", {}); }), ErrorKind::internal);
  EXPECT_EQ(thrown([] { unrolled("#repeat i n\n#end\n", {}); }), ErrorKind::internal);
}

}  // namespace
}  // namespace realizar::gpu::webgpu
