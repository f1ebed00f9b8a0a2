#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace realizar::test {

/// A connection to this machine that sends bytes as they are given. Waits for at most ten seconds.
class Client {
 public:
  explicit Client(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      close(socket_);
      throw std::runtime_error("cannot connect to port " + std::to_string(port));
    }
  }
  ~Client() { close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// False when the server has ended the connection, or takes nothing.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  /// What comes next, some bytes or more; nothing when the server has ended the connection.
  std::string receive() {
    std::string bytes(1 << 16, '\0');
    const ssize_t n = recv(socket_, bytes.data(), bytes.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw std::runtime_error("the server is silent");
    bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return bytes;
  }

  /// All that comes until the server ends the connection.
  std::string receive_all() {
    std::string all;
    for (std::string part = receive(); !part.empty(); part = receive()) all += part;
    return all;
  }

 private:
  int socket_;
};

struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;
  std::string body;
};

inline Reply parse_reply(const std::string& bytes) {
  const size_t end = bytes.find("\r\n\r\n");
  if (!bytes.starts_with("HTTP/1.") || end == std::string::npos)
    throw std::runtime_error("no response of HTTP: " + bytes.substr(0, 200));
  Reply reply{.status = std::stoi(bytes.substr(9, 3)), .body = bytes.substr(end + 4)};
  for (size_t at = bytes.find("\r\n"); at < end;) {
    const size_t line_end = bytes.find("\r\n", at + 2);
    const std::string line = bytes.substr(at + 2, line_end - at - 2);
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) reply.headers[line.substr(0, colon)] = line.substr(colon + 2);
    at = line_end;
  }
  return reply;
}

/// Sends one request and reads to the end of the connection. `headers`: lines that end in "\r\n".
inline Reply fetch(uint16_t port, const std::string& target, const std::string& headers = "",
                   const std::string& method = "GET") {
  Client client(port);
  client.send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers +
              "\r\n");
  return parse_reply(client.receive_all());
}

}  // namespace realizar::test
