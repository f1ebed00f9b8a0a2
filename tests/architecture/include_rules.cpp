#include "architecture/include_rules.hpp"

#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace realizar::architecture {
namespace {

using Names = std::set<std::string>;

/// The folders under src/ and the folders each may include, besides itself.
const std::map<std::string, Names>& layers() {
  static const std::map<std::string, Names> table = [] {
    // What the table of docs/architecture.md names; each reaches all below it too.
    const std::vector<std::pair<std::string, Names>> named{
        {"base", {}},
        {"backend", {"base"}},
        {"kernels", {"backend"}},
        {"tensor", {"kernels"}},
        {"fusion", {"tensor"}},
        {"gpu", {"fusion"}},
        {"formats", {"tensor"}},
        {"text", {"base"}},
        {"model", {"fusion", "formats", "text"}},
        {"api", {"model", "gpu"}},
    };
    std::map<std::string, Names> reach;
    for (const auto& [folder, below] : named) {
      Names all = below;
      for (const std::string& name : below) all.insert(reach.at(name).begin(), reach.at(name).end());
      reach[folder] = all;
    }
    // The programs see the public API and nothing behind it; the command line starts the server.
    reach["server"] = reach["wasm"] = {};
    reach["cli"] = {"server"};
    return reach;
  }();
  return table;
}

/// Folders of src/ that see the public headers: they define what those declare, or use it.
const Names public_api_users{"api", "cli", "server", "wasm"};

/// What layers below the public API may include of it: plain data that it hands through unchanged.
const std::map<std::string, Names>& shared_headers() {
  static const std::map<std::string, Names> table = [] {
    std::map<std::string, Names> headers;
    for (const auto& [layer, below] : layers()) headers["realizar/error.hpp"].insert(layer);
    headers["realizar/sampler_settings.hpp"] = headers["realizar/generation.hpp"] = {"model"};
    headers["realizar/devices.hpp"] = {"gpu"};
    return headers;
  }();
  return table;
}

struct LimitedHeaders {
  std::regex header;
  Names folders;  // under src/ that may include it
  const char* what;
};

const std::vector<LimitedHeaders>& limited_headers() {
  static const std::vector<LimitedHeaders> rules{
      {std::regex("(sys|linux|mach|asm|arpa|netinet|net)/"
                  ".*|(unistd|sched|pthread|fcntl|dirent|poll|signal|termios|dlfcn|"
                  "semaphore|windows|io|cpuid|netdb|pwd)\\.h"),
       {"backend", "cli", "server"},
       "asks the operating system or the processor, which is done in src/backend/"},
      {std::regex(".*(mmintrin|intrin)\\.h|arm_neon\\.h|wasm_simd128\\.h"),
       {"backend", "kernels"},
       "has intrinsics, which stand in src/kernels/"},
      {std::regex("nlohmann/.*"),
       {"text", "cli", "server", "wasm"},
       "has JSON types, which stand in src/text/ (templates) and the programs"},
      {std::regex("CLI/.*|histedit\\.h|editline/.*"), {"cli", "server"}, "belongs to the programs"},
      {std::regex("emscripten.*"),
       {"backend", "wasm"},
       "asks emscripten, which is done in src/backend/ and src/wasm/"},
      {std::regex("pcre2.*\\.h"), {"text"}, "is PCRE2, which stands behind one file of src/text/"},
      {std::regex("(webgpu|dawn|wgpu)[/.].*|cuda.*|cu(blas|dnn).*|nccl.*|vulkan/.*"),
       {"gpu"},
       "has GPU types, which stay in src/gpu/"},
      {std::regex("httplib.*|curl/.*|boost/.*"), {"server"}, "has HTTP types, which stay in src/server/"},
      {std::regex("format|jthread|stop_token|print|expected|generator"),
       {"cli", "server"},
       "is missing from libc++ 14, which the core must build with"},
  };
  return rules;
}

/// "src/kernels/avx2.cpp" -> "kernels"; empty for a file that lies in no folder of src/.
std::string layer_of(const std::string& file) {
  static const std::regex in_src("src/([^/]+)/.*");
  std::smatch match;
  return std::regex_match(file, match, in_src) ? match[1].str() : "";
}

std::optional<std::string> broken_by_limits(const Include& include, const std::string& layer) {
  for (const LimitedHeaders& rule : limited_headers())
    if (std::regex_match(include.header, rule.header) && rule.folders.count(layer) == 0)
      return "<" + include.header + "> " + rule.what;
  return std::nullopt;
}

}  // namespace

std::vector<Include> includes_of(const std::string& file, const std::string& text) {
  static const std::regex line_form("\\s*#\\s*include\\s*([<\"])([^>\"]+)[>\"].*");
  std::vector<Include> found;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::smatch match;
    if (line.size() < 300 && std::regex_match(line, match, line_form))
      found.push_back({file, number, match[2].str(), match[1].str() == "\""});
  }
  return found;
}

std::optional<std::string> broken_rule(const Include& include) {
  const bool is_public = include.file.rfind("include/realizar/", 0) == 0;
  const std::string layer = layer_of(include.file);
  if (!is_public && layers().count(layer) == 0) return "no layer is named \"" + layer + "\"";
  if (const auto broken = broken_by_limits(include, layer)) return broken;

  const bool includes_public = include.header.rfind("realizar/", 0) == 0;
  if (!include.quoted) {
    if (includes_public) return "headers of the project are included in quotes";
    return std::nullopt;
  }
  if (includes_public) {
    if (is_public || public_api_users.count(layer) != 0) return std::nullopt;
    const auto shared = shared_headers().find(include.header);
    if (shared != shared_headers().end() && shared->second.count(layer) != 0) return std::nullopt;
    return "src/" + layer + "/ is below the public API and may include of it only the data they share";
  }
  if (is_public) return "a public header may include the standard library and public headers only";
  const std::string target = include.header.substr(0, include.header.find('/'));
  if (layers().count(target) == 0)
    return "\"" + include.header + "\" is not written relative to src/ or include/";
  if (target == layer || layers().at(layer).count(target) != 0) return std::nullopt;
  return "src/" + layer + "/ may not include src/" + target + "/";
}

}  // namespace realizar::architecture
