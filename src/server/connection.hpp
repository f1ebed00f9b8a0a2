#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "server/http.hpp"
#include "server/http_server.hpp"

namespace realizar::server {

/// One client: requests are read and answered one after the other. It lives as long as an operation of it is
/// under way.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// `handler` and `limits` outlive it; `closed` is called by its destructor.
  Connection(boost::asio::ip::tcp::socket socket, const Handler& handler, const Limits& limits,
             std::function<void()> closed);
  ~Connection();

  void read_request();

 private:
  void answer(boost::beast::error_code error);
  void send(Response response, bool keep_alive);
  void send_body();
  void finish();
  void drain();

  boost::beast::tcp_stream stream_;
  const Handler& handler_;
  const Limits& limits_;
  std::function<void()> closed_;

  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> parser_;
  Response response_;
  boost::beast::http::response<boost::beast::http::empty_body> head_;
  uint64_t sent_ = 0, to_send_ = 0;  ///< bytes of the body
  std::vector<char> part_;           ///< of a file
  size_t drained_ = 0;
};

}  // namespace realizar::server
