#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "support/http_client.hpp"
#include "support/program.hpp"
#include "support/tiny_model.hpp"

namespace realizar::test {
namespace {

namespace fs = std::filesystem;

/// `realizar web`, while it runs.
class RunningServer {
 public:
  explicit RunningServer(const std::string& arguments, const std::string& environment = "") {
    const std::string command =
        environment + " exec " REALIZAR_PROGRAM " web --port 0 " + arguments + " 2>&1";
    output_ = popen(("echo $$; " + command).c_str(), "r");
    pid_ = std::stoi(line());
    first_line_ = line();
    std::smatch match;
    if (std::regex_search(first_line_, match, std::regex("http://127\\.0\\.0\\.1:(\\d+)/")))
      port_ = static_cast<uint16_t>(std::stoi(match[1]));
  }
  ~RunningServer() {
    if (output_) end(SIGKILL);
  }

  std::string line() {
    char text[4096] = "";
    return std::fgets(text, sizeof text, output_) ? text : "";
  }
  const std::string& first_line() const { return first_line_; }
  uint16_t port() const { return port_; }

  /// Its exit status.
  int end(int signal) {
    kill(pid_, signal);
    const int status = pclose(output_);
    output_ = nullptr;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  std::FILE* output_;
  pid_t pid_ = 0;
  std::string first_line_;
  uint16_t port_ = 0;
};

class WebCommand : public testing::Test {
 protected:
  WebCommand() {
    fs::create_directories(folder_.file("web"));
    fs::create_directories(folder_.file("dist"));
    write_file(folder_.file("web/index.html"), "page");
    write_file(folder_.file("dist/realizar.mjs"), "engine");
    write_tiny_model(model_);
  }

  TemporaryFolder folder_;
  std::string model_ = folder_.file("tiny.gguf"), root_ = "--root " + folder_.file("");
};

TEST_F(WebCommand, ServesPageEngineAndModelUntilCtrlC) {
  RunningServer server(root_ + " " + model_);
  ASSERT_NE(server.port(), 0) << server.first_line();
  EXPECT_EQ(fetch(server.port(), "/").body, "page");
  EXPECT_EQ(fetch(server.port(), "/dist/realizar.mjs").headers.at("Content-Type"),
            "text/javascript; charset=utf-8");
  const Reply model = fetch(server.port(), "/model.gguf", "Range: bytes=0-3\r\n");
  EXPECT_EQ(model.status, 206);
  EXPECT_EQ(model.body, "GGUF");
  EXPECT_EQ(nlohmann::json::parse(fetch(server.port(), "/model.json").body).at("name"), "tiny");
  const Client idle(server.port());
  EXPECT_EQ(server.end(SIGINT), 130);
}

TEST_F(WebCommand, WithoutAModelThePageIsServedAlone) {
  RunningServer server(root_, "XDG_CACHE_HOME=/no/such/folder");
  ASSERT_NE(server.port(), 0) << server.first_line();
  EXPECT_NE(server.line().find("no model"), std::string::npos);
  EXPECT_EQ(fetch(server.port(), "/model.json").status, 404);
  EXPECT_EQ(fetch(server.port(), "/").body, "page");
}

TEST_F(WebCommand, APortThatIsTakenIsOneError) {
  RunningServer server(root_ + " " + model_);
  const Outcome second =
      run_program("web " + root_ + " " + model_ + " --port " + std::to_string(server.port()));
  EXPECT_EQ(second.status, 1);
  EXPECT_NE(second.error.find("is taken by another program"), std::string::npos) << second.error;
  EXPECT_EQ(std::count(second.error.begin(), second.error.end(), '\n'), 1) << second.error;
}

TEST_F(WebCommand, SaysWhatIsMissing) {
  fs::remove(folder_.file("dist/realizar.mjs"));
  const Outcome no_engine = run_program("web " + root_);
  EXPECT_EQ(no_engine.status, 1);
  EXPECT_NE(no_engine.error.find("cmake --preset wasm"), std::string::npos) << no_engine.error;
  fs::remove(folder_.file("web/index.html"));
  const Outcome no_page = run_program("web " + root_);
  EXPECT_EQ(no_page.status, 1);
  EXPECT_NE(no_page.error.find("there is no web/index.html"), std::string::npos) << no_page.error;
}

TEST_F(WebCommand, RefusesWhatIsNoModel) {
  write_file(model_, "nothing of the kind");
  EXPECT_EQ(run_program("web " + root_ + " " + model_).status, 3);
  EXPECT_EQ(run_program("web " + root_ + " /no/such/model.gguf").status, 1);
  EXPECT_EQ(run_program("web " + root_ + " --port 65536").status, 2);
}

TEST_F(WebCommand, HelpHasExamples) {
  EXPECT_NE(run_program("web --help").out.find("realizar web model.gguf --port 9000"), std::string::npos);
}

}  // namespace
}  // namespace realizar::test
