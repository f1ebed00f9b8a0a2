#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "server/http.hpp"

namespace realizar::server {

/// What a client may ask of an `HttpServer`.
struct Limits {
  size_t header_bytes = 8192;                     ///< of a request: its line and headers
  int connections = 64;                           ///< at once; others wait until one ends
  std::chrono::milliseconds request_time{15000};  ///< until a request is there, from the one before it on
  std::chrono::milliseconds write_time{30000};    ///< to take a part of a response, of 256 KiB at most
};

/// Answers GET and HEAD over HTTP/1.1, all on one thread. Whatever clients send, memory is bounded by the
/// limits, and a connection that does not go on ends.
class HttpServer {
 public:
  /// Listens; port 0 is any that is free. Throws `Error`: invalid_argument for a host that is no address of
  /// this machine, io where the port is taken or not allowed.
  HttpServer(const std::string& host, uint16_t port, Handler handler, const Limits& limits = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;

  /// Serves until `ended`, which is called some times a second, returns true.
  void run(const std::function<bool()>& ended);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace realizar::server
