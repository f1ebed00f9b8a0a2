#include "server/http.hpp"

namespace realizar::server {

std::string Request::header(const std::string& name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return "";
}

Response plain_response(int status, const std::string& sentence) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}},
          .text = sentence + "\n"};
}

}  // namespace realizar::server
