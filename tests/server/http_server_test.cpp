#include "server/http_server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "realizar/error.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"

namespace realizar::server {
namespace {

using namespace std::chrono_literals;
using test::Client;
using test::fetch;
using test::parse_reply;
using test::Reply;

/// A server on a thread of its own.
class Running {
 public:
  explicit Running(Handler handler, const Limits& limits = {})
      : server_("127.0.0.1", 0, std::move(handler), limits),
        thread_([this] { server_.run([this] { return ended_.load(); }); }) {}
  ~Running() {
    ended_ = true;
    thread_.join();
  }
  uint16_t port() const { return server_.port(); }

 private:
  std::atomic<bool> ended_ = false;
  HttpServer server_;
  std::thread thread_;
};

Response hello(const Request& request) { return plain_response(200, "hello " + request.target); }

Limits impatient() {
  Limits limits;
  limits.request_time = limits.write_time = 300ms;
  return limits;
}

TEST(HttpServer, AnswersGetAndHead) {
  const Running server(hello);
  const Reply get = fetch(server.port(), "/a?b");
  EXPECT_EQ(get.status, 200);
  EXPECT_EQ(get.body, "hello /a?b\n");
  EXPECT_EQ(get.headers.at("Content-Length"), "11");
  const Reply head = fetch(server.port(), "/a?b", "", "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.headers.at("Content-Length"), "11");
}

TEST(HttpServer, HandsHeadersToTheHandlerInLowerCase) {
  const Running server([](const Request& request) { return plain_response(200, request.header("range")); });
  EXPECT_EQ(fetch(server.port(), "/", "RANGE: bytes=1-2\r\n").body, "bytes=1-2\n");
}

TEST(HttpServer, AConnectionServesManyRequests) {
  const Running server(hello);
  Client client(server.port());
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  requests += "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  ASSERT_TRUE(client.send(requests));
  const std::string replies = client.receive_all();
  size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    at = replies.find("hello /" + std::to_string(i) + "\n", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_NE(replies.find("hello /last\n", at), std::string::npos);
}

TEST(HttpServer, SendsPartsOfFilesThatAreFarLargerThanItsMemory) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("sparse");
  constexpr uint64_t size = uint64_t{6} << 30;
  test::write_file(path, "begin");
  std::filesystem::resize_file(path, size);
  std::ofstream(path, std::ios::binary | std::ios::in).seekp(size - 3).write("end", 3);
  const Running server([&](const Request& request) {
    Response response;
    response.file = ServedFile::open(path);
    response.offset = request.target == "/end" ? size - (1 << 20) : 0;
    response.n_bytes = response.file->size() - response.offset;
    return response;
  });
  const Reply end = fetch(server.port(), "/end");
  ASSERT_EQ(end.body.size(), size_t{1} << 20);
  EXPECT_TRUE(end.body.ends_with(std::string("\0end", 4)));

  Client client(server.port());
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_NE(client.receive().find("Content-Length: 6442450944\r\n"), std::string::npos);
}

TEST(HttpServer, OtherMethodsAndBodiesAreRefused) {
  const Running server(hello);
  for (const char* const method : {"POST", "PUT", "DELETE", "OPTIONS", "BREW"}) {
    const Reply reply = fetch(server.port(), "/", "", method);
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_EQ(reply.headers.at("Allow"), "GET, HEAD");
  }
  EXPECT_EQ(fetch(server.port(), "/", "Content-Length: 3\r\n").status, 405);
  EXPECT_EQ(fetch(server.port(), "/", "Transfer-Encoding: chunked\r\n").status, 405);
}

TEST(HttpServer, HostileRequestsEndInAnError) {
  const Running server(hello);
  const auto status_of = [&](const std::string& bytes) {
    Client client(server.port());
    client.send(bytes);
    return parse_reply(client.receive_all()).status;
  };
  EXPECT_EQ(status_of("\r\n\r\n\r\nnonsense\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/7.0\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nno colon\r\n\r\n"), 400);
  EXPECT_EQ(status_of(std::string("GET /\0 HTTP/1.1\r\n\r\n", 19)), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nX: " + std::string(100000, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(status_of("GET /" + std::string(100000, 'x') + " HTTP/1.1\r\n\r\n"), 431);
  EXPECT_EQ(status_of([] {
              std::string many = "GET / HTTP/1.1\r\n";
              for (int i = 0; i < 5000; ++i) many += "A: b\r\n";
              return many + "\r\n";
            }()),
            431);
  EXPECT_EQ(fetch(server.port(), "/").status, 200);
}

TEST(HttpServer, AHandlerThatThrowsIsAnErrorOfTheServer) {
  const Running server([](const Request&) -> Response { throw std::runtime_error("why"); });
  const Reply reply = fetch(server.port(), "/");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body.find("why"), std::string::npos);
}

TEST(HttpServer, ARequestThatDoesNotComeToAnEndIsGivenUp) {
  const Running server(hello, impatient());
  EXPECT_EQ(Client(server.port()).receive(), "");
  Client slow(server.port());
  const auto start = std::chrono::steady_clock::now();
  // A byte now and then gives no more time.
  const std::string request = "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(1000, 'x');
  bool open = true;
  for (size_t i = 0; open && i < request.size(); ++i) {
    open = slow.send(request.substr(i, 1));
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_FALSE(open);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 8s);
}

TEST(HttpServer, AClientThatTakesNothingIsGivenUp) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("sparse");
  test::write_file(path, "");
  std::filesystem::resize_file(path, 1 << 30);
  Limits limits = impatient();
  limits.connections = 1;
  const Running server(
      [&](const Request& request) {
        if (request.target == "/small") return hello(request);
        Response response;
        response.file = ServedFile::open(path);
        response.n_bytes = response.file->size();
        return response;
      },
      limits);
  Client client(server.port());
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(fetch(server.port(), "/small").status, 200) << "the only connection is free again";
}

TEST(HttpServer, ConnectionsBeyondTheLimitWaitTheirTurn) {
  Limits limits;
  limits.connections = 3;
  const Running server(hello, limits);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<Client>(server.port()));
    ASSERT_TRUE(clients.back()->send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n"));
  }
  for (int i = 0; i < 8; ++i) {
    EXPECT_NE(clients[static_cast<size_t>(i)]->receive().find("200 OK"), std::string::npos) << i;
    clients[static_cast<size_t>(i)].reset();
  }
}

TEST(HttpServer, EndsSoonWhileClientsAreConnected) {
  auto server = std::make_unique<Running>(hello);
  Client client(server->port());
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\n"));
  const auto start = std::chrono::steady_clock::now();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  EXPECT_EQ(client.receive(), "");
}

TEST(HttpServer, APortThatIsTakenIsOneClearError) {
  const Running server(hello);
  try {
    const HttpServer second("127.0.0.1", server.port(), hello);
    FAIL() << "two servers listen on one port";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_NE(std::string(error.what()).find("is taken by another program"), std::string::npos)
        << error.what();
  }
}

TEST(HttpServer, AHostThatIsNoAddressOfThisMachineIsRefused) {
  for (const char* const host : {"192.0.2.1", "no such host", ""}) {
    try {
      const HttpServer server(host, 0, hello);
      ADD_FAILURE() << host;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_argument) << error.what();
    }
  }
}

}  // namespace
}  // namespace realizar::server
