#include "server/connection.hpp"

#include <algorithm>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/beast/http/write.hpp>
#include <cctype>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace realizar::server {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;

constexpr size_t part_bytes = 256 << 10;
constexpr std::chrono::milliseconds drain_time{1000};
constexpr size_t drain_bytes = 1 << 20;

Request to_request(const http::request<http::empty_body>& message) {
  Request request{.target = std::string(message.target())};
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  return request;
}

Response refusal(beast::error_code error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return plain_response(431, "the headers of this request are too long");
  return plain_response(400, "this is no request of HTTP/1.1");
}

Response refused_method() {
  Response response = plain_response(405, "only GET and HEAD without a body are answered here");
  response.headers.emplace_back("Allow", "GET, HEAD");
  return response;
}

}  // namespace

Connection::Connection(tcp::socket socket, const Handler& handler, const Limits& limits,
                       std::function<void()> closed)
    : stream_(std::move(socket)),
      handler_(handler),
      limits_(limits),
      closed_(std::move(closed)),
      // More than a request's headers: what is behind them may come with them.
      buffer_(2 * limits.header_bytes) {}

Connection::~Connection() { closed_(); }

void Connection::read_request() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  stream_.expires_after(limits_.request_time);
  http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](beast::error_code error, size_t) { self->answer(error); });
}

void Connection::answer(beast::error_code error) {
  if (error == http::error::end_of_stream) return;
  if (error && error.category() == beast::error_code(http::error::bad_target).category())
    return send(refusal(error), /*keep_alive=*/false);
  if (error) return;  // the client is gone, or took too long
  const auto& message = parser_->get();
  const bool understood = message.method() == http::verb::get || message.method() == http::verb::head;
  if (!understood || !parser_->is_done()) return send(refused_method(), /*keep_alive=*/false);
  Response response;
  try {
    response = handler_(to_request(message));
  } catch (const std::exception&) {
    response = plain_response(500, "the server failed");
  }
  send(std::move(response), parser_->keep_alive());
}

void Connection::send(Response response, bool keep_alive) {
  response_ = std::move(response);
  sent_ = 0;
  to_send_ = response_.body_bytes();
  head_ = {};
  head_.result(static_cast<unsigned>(response_.status));
  for (const auto& [name, value] : response_.headers) head_.insert(name, value);
  if (response_.status != 304) head_.content_length(to_send_);
  head_.keep_alive(keep_alive);
  if (parser_->is_header_done() && parser_->get().method() == http::verb::head) to_send_ = 0;
  stream_.expires_after(limits_.write_time);
  http::async_write(stream_, head_, [self = shared_from_this()](beast::error_code error, size_t) {
    if (!error) self->send_body();
  });
}

void Connection::send_body() {
  if (sent_ == to_send_) return finish();
  boost::asio::const_buffer part(response_.text.data(), response_.text.size());
  if (response_.file) {
    part_.resize(part_bytes);
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(part_.size(), to_send_ - sent_));
    const size_t n = response_.file->read(response_.offset + sent_, part_.data(), wanted);
    if (n == 0) return;  // the file has become shorter: the client sees that bytes are missing
    part = boost::asio::const_buffer(part_.data(), n);
  }
  stream_.expires_after(limits_.write_time);
  boost::asio::async_write(stream_, part, [self = shared_from_this()](beast::error_code error, size_t n) {
    if (error) return;
    self->sent_ += n;
    self->send_body();
  });
}

void Connection::finish() {
  response_ = {};
  part_ = {};
  if (head_.keep_alive()) return read_request();
  beast::error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(drain_time);
  drain();
}

// A socket that is closed while something is there to read takes back what the client has not read yet.
void Connection::drain() {
  part_.resize(part_bytes);
  stream_.async_read_some(boost::asio::buffer(part_),
                          [self = shared_from_this()](beast::error_code error, size_t n) {
                            self->drained_ += n;
                            if (!error && self->drained_ < drain_bytes) self->drain();
                          });
}

}  // namespace realizar::server
