#include "server/web_site.hpp"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "server/file_response.hpp"

namespace realizar::server {
namespace {

constexpr std::string_view engine_folder = "/dist/";
constexpr const char* model_address = "/model.gguf";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

/// Whether a path is one or more names, each behind a '/', none of which leads elsewhere.
bool is_plain_path(std::string_view path) {
  if (!path.starts_with('/')) return false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view name = path.substr(0, path.find('/'));
    if (name.empty() || name.front() == '.' || !std::all_of(name.begin(), name.end(), is_plain)) return false;
    path.remove_prefix(name.size());
  }
  return true;
}

}  // namespace

const char* const content_security_policy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self'; img-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'";

WebSite::WebSite(std::filesystem::path page, std::filesystem::path engine, Model model)
    : page_(std::move(page)), engine_(std::move(engine)), model_(std::move(model)) {}

Response WebSite::operator()(const Request& request) const {
  Response response = find(request);
  for (const auto& [name, value] : {
           std::pair("Cross-Origin-Opener-Policy", "same-origin"),
           std::pair("Cross-Origin-Embedder-Policy", "require-corp"),
           std::pair("Cross-Origin-Resource-Policy", "same-origin"),
           std::pair("Referrer-Policy", "no-referrer"),
       })
    response.headers.emplace_back(name, value);
  response.headers.emplace_back("Content-Security-Policy",
                                std::string(content_security_policy) + "; frame-ancestors 'none'");
  const auto has = [&](std::string_view name) {
    return std::any_of(response.headers.begin(), response.headers.end(),
                       [&](const auto& header) { return header.first == name; });
  };
  if (!has("X-Content-Type-Options")) response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

Response WebSite::find(const Request& request) const {
  const std::string path = request.path();
  if (path == "/model.json") return describe_model();
  const std::filesystem::path name = file_of(path);
  const std::shared_ptr<const ServedFile> file = name.empty() ? nullptr : ServedFile::open(name);
  if (!file) return plain_response(404, "there is no such file here");
  return file_response(request, file, media_type(name.native()));
}

std::filesystem::path WebSite::file_of(const std::string& path) const {
  if (path == "/") return page_ / "index.html";
  if (path == model_address) return model_.path;
  if (!is_plain_path(path)) return {};
  if (path.starts_with(engine_folder)) return engine_ / path.substr(engine_folder.size());
  return page_ / path.substr(1);
}

Response WebSite::describe_model() const {
  const std::shared_ptr<const ServedFile> file =
      model_.path.empty() ? nullptr : ServedFile::open(model_.path);
  if (!file) return plain_response(404, "no model is served");
  const nlohmann::json json = {
      {"name", model_.name}, {"bytes", file->size()}, {"url", std::string(model_address).substr(1)}};
  return {.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-cache"}},
          .text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

}  // namespace realizar::server
