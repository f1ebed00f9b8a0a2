#pragma once

#include <filesystem>
#include <string>

#include "server/http.hpp"

namespace realizar::server {

/// The web page with the engine beside it and a model for it:
///
///     /                 files of `page`; / itself is index.html
///     /dist/            files of `engine`
///     /model.json       the model's name, size and address; 404 where there is none
///     /model.gguf       the model
///
/// Names of files are made of letters, digits, '.', '_' and '-', and no part of a path begins with '.', so
/// that no request leaves those folders. Every response isolates the page from other sites, as threads in
/// browsers ask for, and keeps it to what this server serves.
class WebSite {
 public:
  struct Model {
    std::filesystem::path path;  ///< empty: there is none
    std::string name;            ///< for people
  };

  WebSite(std::filesystem::path page, std::filesystem::path engine, Model model);

  Response operator()(const Request& request) const;

 private:
  Response find(const Request& request) const;
  Response describe_model() const;
  std::filesystem::path file_of(const std::string& path) const;

  std::filesystem::path page_, engine_;
  Model model_;
};

/// What the page may load and run, as a Content-Security-Policy; the page has it too, for other servers.
extern const char* const content_security_policy;

}  // namespace realizar::server
