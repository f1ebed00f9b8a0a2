#include "server/http_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "realizar/error.hpp"
#include "server/connection.hpp"

namespace realizar::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::chrono::milliseconds between_questions{200};
/// How long to wait when the system has no descriptor for a new connection.
constexpr std::chrono::milliseconds between_failures{100};

[[noreturn]] void fail_to_listen(const std::string& host, uint16_t port,
                                 const boost::system::error_code& error) {
  const std::string place = "port " + std::to_string(port) + " of " + host;
  if (error == asio::error::address_in_use)
    throw Error(ErrorKind::io, place + " is taken by another program: end that, or choose another port");
  if (error == asio::error::access_denied)
    throw Error(ErrorKind::io, place + " may not be used by this user: choose one from 1024 on");
  throw Error(ErrorKind::io, "cannot listen on " + place + ": " + error.message());
}

}  // namespace

struct HttpServer::Impl {
  Impl(const std::string& host, uint16_t port, Handler handle, const Limits& given_limits)
      : handler(std::move(handle)), limits(given_limits), acceptor(context), timer(context) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
    if (error)
      throw Error(ErrorKind::invalid_argument,
                  "\"" + host +
                      "\" is no address to listen on: use 127.0.0.1 for this machine "
                      "alone, 0.0.0.0 for its network");
    const tcp::endpoint endpoint(address, port);
    if (acceptor.open(endpoint.protocol(), error)) fail_to_listen(host, port, error);
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (acceptor.bind(endpoint, error) == boost::system::errc::address_not_available)
      throw Error(ErrorKind::invalid_argument, host + " is no address of this machine");
    if (error) fail_to_listen(host, port, error);
    if (acceptor.listen(tcp::acceptor::max_listen_connections, error)) fail_to_listen(host, port, error);
    accept();
  }

  ~Impl() { ending = true; }

  void accept() {
    if (ending || accepting || n_connections >= limits.connections) return;
    accepting = true;
    acceptor.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      accepting = false;
      if (error) return accept_later();
      start(std::move(socket));
      accept();
    });
  }

  void accept_later() {
    timer.expires_after(between_failures);
    timer.async_wait([this](boost::system::error_code error) {
      if (!error) accept();
    });
  }

  void start(tcp::socket socket) {
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    ++n_connections;
    std::make_shared<Connection>(std::move(socket), handler, limits, [this] {
      --n_connections;
      accept();
    })->read_request();
  }

  Handler handler;
  Limits limits;
  int n_connections = 0;
  bool accepting = false, ending = false;
  asio::io_context context{1};
  tcp::acceptor acceptor;
  asio::steady_timer timer;
};

HttpServer::HttpServer(const std::string& host, uint16_t port, Handler handler, const Limits& limits)
    : impl_(std::make_unique<Impl>(host, port, std::move(handler), limits)) {}

HttpServer::~HttpServer() = default;

uint16_t HttpServer::port() const { return impl_->acceptor.local_endpoint().port(); }

void HttpServer::run(const std::function<bool()>& ended) {
  while (!ended()) impl_->context.run_for(between_questions);
}

}  // namespace realizar::server
