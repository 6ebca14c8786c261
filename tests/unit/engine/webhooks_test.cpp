// Events, sent to whoever an admin named, over real sockets.
#include "engine/webhooks.h"

#include <condition_variable>

#include "base/crypto.h"
#include "grant_world.h"
#include "net/transport.h"
#include "store/jobs.h"
#include "store/registries.h"
#include "support/tcp_server.h"

using namespace portolan;
using namespace std::chrono_literals;
using test::GrantWorld;
using test::Id;

namespace {

/// What a receiver got; `answers` with what it says.
class Receiver {
 public:
  std::string url() const { return "http://" + server_.address() + "/hook?key=1"; }
  void answers(std::string status) {
    std::lock_guard lock(mutex_);
    status_ = std::move(status);
  }
  std::vector<std::string> got() {
    std::lock_guard lock(mutex_);
    return got_;
  }
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    if (!came_.wait_for(lock, 30s, [&] { return got_.size() >= count; }))
      FAIL("only " << got_.size() << " deliveries came");
    return got_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::string> got_;
  std::string status_ = "200 OK";
  test::TcpServer server_{[this](test::Connection& connection) {
    for (auto request = connection.request(); !request.empty(); request = connection.request()) {
      std::string status;
      {
        std::lock_guard lock(mutex_);
        got_.push_back(request);
        status = status_;
        came_.notify_all();
      }
      if (status == "silence") return connection.hang();
      connection.send("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n");
    }
  }};
};

struct World : GrantWorld {
  Id hook(const std::string& name, const std::string& url, std::vector<std::string> kinds = {},
          const std::string& secret = "sign me") {
    model::Webhook webhook;
    webhook.name = name;
    webhook.url = url;
    webhook.kinds = std::move(kinds);
    return write<model::Webhook>([&](store::Writer& writer) {
             return store::insert_webhook(writer, webhook, base::Secret(secret));
           })
        .id;
  }
  Id happen(const std::string& kind, const std::string& data = R"({"space":"library"})") {
    return write<Id>([&](store::Writer& writer) {
      model::Event event;
      event.kind = kind;
      event.subject = "one/library";
      event.data_json = data;
      return base::Result(store::add_event(writer, event));
    });
  }
  void begin() {
    webhooks = std::make_unique<engine::Webhooks>(*daemon, *fleet, *sockets, pauses);
    webhooks->start();
  }
  void until_delivered(Id hook_id, Id event) {
    const auto end = base::Steady::now() + 30s;
    for (;;) {
      const auto seen = store->revision();
      if (read<Id>([&](store::Reader& reader) {
            return base::Result(store::delivered_event(reader, hook_id));
          }) >= event)
        return;
      if (base::Steady::now() >= end) FAIL("it was never delivered");
      store->wait_for_change(seen, base::Steady::now() + 50ms);
    }
  }

  engine::WebhookPauses pauses{5s, 1ms, 4ms};
  std::unique_ptr<net::Transport> sockets = net::make_curl_transport();
  std::unique_ptr<engine::Webhooks> webhooks;
};

std::string body_of(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}
std::int64_t id_of(const std::string& request) {
  return *base::parse_json(body_of(request))->find("id")->as_integer();
}
std::string header(const std::string& request, const std::string& name) {
  const auto at = request.find(name + ": ");
  if (at == request.npos) return "";
  const auto from = at + name.size() + 2;
  return request.substr(from, request.find("\r\n", from) - from);
}

}  // namespace

TEST_CASE("an event is posted once, signed, with its kind", "[engine][webhooks]") {
  World world;
  Receiver receiver;
  world.happen("space.created");  // Before there was a webhook.
  const Id hook = world.hook("chat", receiver.url(), {"space.deleted"});
  world.begin();
  world.happen("space.created");
  const Id event = world.happen("space.deleted");
  world.until_delivered(hook, event);
  const auto got = receiver.got();
  REQUIRE(got.size() == 1);
  CHECK_THAT(got[0], Catch::StartsWith("POST /hook?key=1 HTTP/1.1\r\n"));
  CHECK(header(got[0], "x-portolan-event") == "space.deleted");
  CHECK(header(got[0], "content-type") == "application/json");
  const auto body = body_of(got[0]);
  CHECK(header(got[0], "x-portolan-signature") ==
        "sha256=" + base::hex(base::hmac_sha256(base::Secret("sign me"), body)));
  CHECK(body ==
        "{\"id\":" + std::to_string(event) + ",\"at\":" + std::to_string(world.clock_ms) +
            R"(,"kind":"space.deleted","subject":"one/library","data":{"space":"library"}})");
}

TEST_CASE("what is not taken is sent again and then given up, in order", "[engine][webhooks]") {
  World world;
  Receiver receiver;
  const Id hook = world.hook("chat", receiver.url(), {}, "");
  world.begin();
  receiver.answers("500 Oops");
  const Id first = world.happen("a"), second = world.happen("b");
  world.until_delivered(hook, first);  // 1 ms, 2 ms, 4 ms: then it is given up.
  receiver.answers("204 Fine");
  world.until_delivered(hook, second);
  const auto got = receiver.got();
  CHECK(std::count_if(got.begin(), got.end(),
                      [&](const auto& one) { return id_of(one) == first; }) == 4);
  CHECK(id_of(got.back()) == second);
  CHECK(header(got[0], "x-portolan-signature").empty());
  const auto order = [](const auto& a, const auto& b) { return id_of(a) < id_of(b); };
  CHECK(std::is_sorted(got.begin(), got.end(), order));
}

TEST_CASE("a webhook shows how its newest try went and when the next one is",
          "[engine][webhooks]") {
  World world;
  world.pauses = {5s, 1h, 2h};
  Receiver receiver;
  receiver.answers("503 Later");
  const Id hook = world.hook("chat", receiver.url());
  const auto last = [&] {
    return world
        .read<std::optional<model::Webhook>>(
            [&](store::Reader& reader) { return base::Result(store::find_webhook(reader, hook)); })
        ->last;
  };
  const auto until = [&](const auto& holds) {
    const auto end = base::Steady::now() + 30s;
    while (!holds()) {
      if (base::Steady::now() >= end) FAIL("it is never shown");
      world.store->wait_for_change(world.store->revision(), base::Steady::now() + 5ms);
    }
  };
  CHECK_FALSE(last());
  const Id event = world.happen("a");
  world.begin();
  until(last);
  CHECK(last()->event == event);
  CHECK(last()->status == 503);
  CHECK(last()->code == "unavailable");
  CHECK_THAT(last()->message, Catch::Contains("503"));
  CHECK(last()->tried_ms == world.clock_ms);
  CHECK(last()->next_try_ms == world.clock_ms + 3'600'000);
  const auto revision = [&] {
    return world
        .read<std::optional<model::Webhook>>(
            [&](store::Reader& reader) { return base::Result(store::find_webhook(reader, hook)); })
        ->provenance.revision;
  };
  CHECK(revision() == 1);

  world.webhooks->stop();
  receiver.answers("200 OK");
  world.begin();
  until([&] { return last()->code.empty(); });
  CHECK(last()->status == 200);
  CHECK(last()->next_try_ms == 0);
  world.webhooks->stop();

  auto moved = *world.read<std::optional<model::Webhook>>(
      [&](store::Reader& reader) { return base::Result(store::find_webhook(reader, hook)); });
  moved.url = "http://127.0.0.1:9/";
  world.write<model::Webhook>(
      [&](store::Writer& writer) { return store::update_webhook(writer, moved, 0, {}); });
  CHECK_FALSE(last());
}

TEST_CASE("how a delivery went and that its event is done with are one write",
          "[engine][webhooks]") {
  World world;
  Receiver receiver;
  const Id hook = world.hook("chat", receiver.url());
  world.begin();
  world.until_delivered(hook, world.happen("a"));
  const auto before = world.store->revision();
  world.until_delivered(hook, world.happen("b"));
  world.webhooks->stop();
  CHECK(world.store->revision() == before + 2);  // The event, and what became of it.
}

TEST_CASE("a redirect is not followed", "[engine][webhooks]") {
  World world;
  Receiver receiver, elsewhere;
  const Id hook = world.hook("chat", receiver.url());
  receiver.answers("302 Found\r\nLocation: " + elsewhere.url());
  world.begin();
  world.until_delivered(hook, world.happen("a"));
  CHECK(receiver.got().size() == 4);
  CHECK(elsewhere.got().empty());
}

TEST_CASE("a webhook that hangs delays no other and no stop", "[engine][webhooks]") {
  World world;
  world.pauses.answer = 1h;
  Receiver slow, quick;
  slow.answers("silence");
  world.hook("a-slow", slow.url());
  const Id hook = world.hook("b-quick", quick.url());
  world.begin();
  const Id first = world.happen("a");
  slow.wait_for(1);
  world.until_delivered(hook, world.happen("b"));
  CHECK(quick.got().size() == 2);
  const auto began = base::Steady::now();
  world.webhooks->stop();
  CHECK(base::Steady::now() - began < 10s);

  // After a kill or a stop it goes on with what was not taken.
  slow.answers("200 OK");
  world.begin();
  const auto got = slow.wait_for(3);
  CHECK(id_of(got[1]) == first);
  CHECK(id_of(got[2]) == first + 1);
  CHECK(quick.got().size() == 2);
}

TEST_CASE("a webhook that is made, changed or deleted while it runs is taken up at once",
          "[engine][webhooks]") {
  World world;
  Receiver receiver;
  world.begin();
  const Id hook = world.hook("chat", receiver.url());
  const Id event = world.happen("a");
  world.until_delivered(hook, event);
  World::done(world.store->write(
      [&](store::Writer& writer) { return store::delete_webhook(writer, hook, 0); }));
  Receiver other;
  const Id second = world.hook("other", other.url());
  world.until_delivered(second, world.happen("b"));
  CHECK(receiver.got().size() == 1);
  CHECK(other.got().size() == 1);
}

TEST_CASE("a webhook reaches only what a platform registry may", "[engine][webhooks]") {
  World world;
  world.settings->network.allow_private = false;
  Receiver receiver;
  const Id hook = world.hook("chat", receiver.url());
  world.begin();
  world.until_delivered(hook, world.happen("a"));
  CHECK(receiver.got().empty());
}
