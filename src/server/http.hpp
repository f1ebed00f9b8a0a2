#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/served_file.hpp"

// Requests and responses as handlers see them, whatever library speaks HTTP.
namespace realizar::server {

/// A GET or HEAD request without a body.
struct Request {
  std::string target;                                          ///< path and query, as sent
  std::vector<std::pair<std::string, std::string>> headers{};  ///< names in lower case

  /// The first header of a name in lower case; empty where there is none.
  std::string header(const std::string& name) const;

  /// The target up to its query.
  std::string path() const { return target.substr(0, target.find('?')); }
};

/// What follows a request. Its body is `text`, or where there is a file, a part of that.
struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string text{};
  std::shared_ptr<const ServedFile> file{};
  uint64_t offset = 0, n_bytes = 0;  ///< of the file

  uint64_t body_bytes() const { return file ? n_bytes : text.size(); }
};

/// A response of one sentence.
Response plain_response(int status, const std::string& sentence);

/// Answers requests, to HEAD as to GET: bodies are left out on the way.
using Handler = std::function<Response(const Request&)>;

}  // namespace realizar::server
