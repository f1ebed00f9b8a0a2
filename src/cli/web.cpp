#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/model_options.hpp"
#include "cli/whole_number.hpp"
#include "realizar/error.hpp"
#include "realizar/model_info.hpp"
#include "server/http_server.hpp"
#include "server/web_site.hpp"

namespace realizar::cli {
namespace {

namespace fs = std::filesystem;

struct WebOptions {
  std::string model, host = "127.0.0.1", root;
  int port = 8000;
};

bool has_page(const fs::path& root) {
  std::error_code ignored;
  return fs::is_regular_file(root / "web" / "index.html", ignored);
}

/// The nearest folder above the program that has the page: that of the source it was built from, or one that
/// it was installed with.
fs::path find_root() {
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  for (fs::path folder = program.parent_path(); !folder.empty(); folder = folder.parent_path()) {
    if (has_page(folder)) return folder;
    if (folder == folder.parent_path()) break;
  }
  throw Error(ErrorKind::io, "no folder above the program " + program.string() +
                                 " holds web/index.html: name the one that does with --root");
}

fs::path checked_root(const WebOptions& options) {
  const fs::path root = options.root.empty() ? find_root() : fs::path(options.root);
  if (!has_page(root)) throw Error(ErrorKind::io, "there is no web/index.html in " + root.string());
  if (!fs::exists(root / "dist" / "realizar.mjs"))
    throw Error(ErrorKind::io, "the engine for browsers is not built, dist/realizar.mjs is missing in " +
                                   root.string() +
                                   ": scripts/setup wasm && cmake --preset wasm && cmake --build --preset "
                                   "wasm --target realizar_engine realizar_engine_threads");
  return root;
}

/// None when the default model is not there: the page takes files too.
server::WebSite::Model checked_model(const WebOptions& options) {
  const fs::path path = options.model.empty() ? default_model() : fs::path(options.model);
  if (options.model.empty() && !fs::exists(path)) return {};
  const FileInfo info = inspect(path);
  if (info.n_parts > 1)
    throw Error(ErrorKind::unsupported,
                path.string() + " is one of " + std::to_string(info.n_parts) +
                    " parts of a model, and a web page takes models of one file: join them first");
  return {path, info.name.empty() ? path.stem().string() : info.name};
}

std::string address(const std::string& host, uint16_t port) {
  const bool all = host == "0.0.0.0" || host == "::";
  const std::string name = all ? "127.0.0.1" : host.find(':') == std::string::npos ? host : "[" + host + "]";
  return "http://" + name + ":" + std::to_string(port) + "/";
}

int serve(const WebOptions& options) {
  const fs::path root = checked_root(options);
  server::WebSite::Model model = checked_model(options);
  const std::string served = model.path.empty()
                                 ? "no model: the page takes GGUF files, and scripts/fetch_model fetches one"
                                 : model.path.string();
  const InterruptHandler interrupts;
  server::HttpServer server(options.host, static_cast<uint16_t>(options.port),
                            server::WebSite(root / "web", root / "dist", std::move(model)));
  print("open " + address(options.host, server.port()) + " in a browser; Ctrl-C ends the server\nserving " +
        served + "\n");
  server.run(interrupted);
  return exit_interrupted;
}

}  // namespace

void add_web(CLI::App& program, Action& action) {
  const auto [command, options] = add_command<WebOptions>(
      program, action, "web", "serve a web page that runs models in the browser",
      "  realizar web\n"
      "  realizar web model.gguf --port 9000\n"
      "  realizar web --host 0.0.0.0        # other machines of the network can open it too\n"
      "The browser computes; this program only serves the page (web/), the engine for it (dist/) and the "
      "model, from\n"
      "the nearest folder above the program that has them. Browsers give threads, and keep the page for use "
      "offline,\n"
      "only where it comes by HTTPS or from the machine they run on: elsewhere the engine has one thread. "
      "Files that\n"
      "are opened in the page stay in the browser.\n",
      serve);
  command
      .add_option("MODEL", options.model,
                  "GGUF file that the page offers; without it the default model, where that is there")
      ->type_name("");
  whole_number(command.add_option("--port", options.port, "0: one that is free"), 0, 65535)
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--host", options.host,
                  "address to listen on; 0.0.0.0: every one of this machine, for its whole network")
      ->type_name("ADDRESS")
      ->capture_default_str();
  command.add_option("--root", options.root, "folder with web/ and dist/")->type_name("FOLDER");
}

}  // namespace realizar::cli
