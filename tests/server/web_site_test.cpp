#include "server/web_site.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "support/program.hpp"

namespace realizar::server {
namespace {

namespace fs = std::filesystem;

class WebSiteTest : public testing::Test {
 protected:
  WebSiteTest() {
    fs::create_directories(folder_.file("web/images"));
    fs::create_directories(folder_.file("dist"));
    test::write_file(folder_.file("web/index.html"), "page");
    test::write_file(folder_.file("web/images/a.svg"), "image");
    test::write_file(folder_.file("web/.hidden"), "hidden");
    test::write_file(folder_.file("dist/realizar.wasm"), "engine");
    test::write_file(folder_.file("a model.gguf"), "weights");
    test::write_file(folder_.file("secret"), "secret");
  }

  WebSite site(const std::string& model = "a model.gguf") const {
    return {folder_.file("web"),
            folder_.file("dist"),
            {model.empty() ? "" : folder_.file(model), "A \"model\"\x1b"}};
  }

  Response get(const std::string& target) const { return site()({.target = target}); }

  static std::string body(const Response& response) {
    if (!response.file) return response.text;
    std::string bytes(response.n_bytes, '\0');
    bytes.resize(response.file->read(response.offset, bytes.data(), bytes.size()));
    return bytes;
  }

  test::TemporaryFolder folder_;
};

TEST_F(WebSiteTest, ServesPageEngineAndModel) {
  EXPECT_EQ(body(get("/")), "page");
  EXPECT_EQ(body(get("/index.html?from=x")), "page");
  EXPECT_EQ(body(get("/images/a.svg")), "image");
  EXPECT_EQ(body(get("/dist/realizar.wasm")), "engine");
  EXPECT_EQ(body(get("/model.gguf")), "weights");
}

TEST_F(WebSiteTest, TellsWhichModelThereIs) {
  const auto json = nlohmann::json::parse(body(get("/model.json")));
  EXPECT_EQ(json.at("name"), "A \"model\"\x1b");
  EXPECT_EQ(json.at("bytes"), 7);
  EXPECT_EQ(json.at("url"), "model.gguf");
  EXPECT_EQ(site("")({.target = "/model.json"}).status, 404);
  EXPECT_EQ(site("")({.target = "/model.gguf"}).status, 404);
}

TEST_F(WebSiteTest, NothingElseIsReached) {
  for (const std::string target :
       {"/../secret", "/dist/../../secret", "/%2e%2e/secret", "/..%2fsecret", "/images/..", "//etc/passwd",
        "/.hidden", "/images", "/images/", "/dist", "/dist/", "/none", "", "index.html", "*", "/\\..\\secret",
        "/index.html/", "http://localhost/", "/a\nb"})
    EXPECT_EQ(get(target).status, 404) << target;
  EXPECT_EQ(get(std::string("/index.html\0.png", 16)).status, 404);
  EXPECT_EQ(get(std::string(1 << 20, 'a').replace(0, 1, "/")).status, 404);
  EXPECT_EQ(get([] {
              std::string deep;
              for (int i = 0; i < 10000; ++i) deep += "/a";
              return deep;
            }())
                .status,
            404);
}

TEST_F(WebSiteTest, EveryResponseIsIsolatedAndKeptToThisServer) {
  for (const char* const target : {"/", "/dist/realizar.wasm", "/model.gguf", "/model.json", "/none"}) {
    const Response response = get(target);
    const auto header = [&](const char* name) { return Request{.headers = response.headers}.header(name); };
    EXPECT_EQ(header("Cross-Origin-Opener-Policy"), "same-origin") << target;
    EXPECT_EQ(header("Cross-Origin-Embedder-Policy"), "require-corp") << target;
    EXPECT_EQ(header("X-Content-Type-Options"), "nosniff") << target;
    EXPECT_EQ(header("Content-Security-Policy").rfind("default-src 'none'; ", 0), 0u) << target;
  }
}

TEST(WebPage, BringsThePolicyOfTheServerToOtherServers) {
  const std::string page = test::read_file(REALIZAR_SOURCE_DIR "/web/index.html");
  EXPECT_NE(page.find("content=\"" + std::string(content_security_policy) + "\""), std::string::npos);
}

}  // namespace
}  // namespace realizar::server
