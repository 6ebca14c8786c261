// A small API on the real server, for tests/system/test_http_*.py and the bench by hand.
//
//   api_echo [tcp[=ADDRESS]] [tls[=ADDRESS]] [unix=PATH] [certificate=F key=F [client_ca=F]
//   [client_required=1]] [LIMIT=N]...
//
// It prints where it listens, then obeys lines of its standard input: reload, stop MS, event TEXT,
// load; each is answered by one line. At the end of the input it ends.
#include <charconv>
#include <condition_variable>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>

#include "api/conditional.h"
#include "api/health_routes.h"
#include "api/paging.h"
#include "api/server.h"

using namespace portolan;
using namespace portolan::api;
using base::Json;
using base::Result;

namespace {

/// Events as rows, with a bell: what the daemon has in its store.
class News {
 public:
  void add(std::string text) {
    {
      std::lock_guard lock(mutex_);
      texts_.push_back(std::move(text));
    }
    bell.ring();
  }
  Events after(const std::string& id) {
    std::lock_guard lock(mutex_);
    std::size_t from = 0;
    std::from_chars(id.data(), id.data() + id.size(), from);
    Events found;
    for (std::size_t i = std::min(from, texts_.size()); i < texts_.size(); ++i) {
      found.events.push_back({std::to_string(i + 1), "news", texts_[i]});
      found.last = found.last || texts_[i] == "end";
    }
    return found;
  }
  Bell bell;

 private:
  std::mutex mutex_;
  std::vector<std::string> texts_;
};

Json to_json(const Fields& fields) {
  Json out = Json::array();
  for (const auto& [name, value] : fields)
    out.push(Json::array({Json::string(name), Json::string(value)}));
  return out;
}

Result<Answer> echo(Call& call) {
  const Request& request = call.request;
  const char* transports[] = {"unix", "loopback", "network"};
  Json json = Json::object();
  json.set("method", Json::string(request.method));
  json.set("path", Json::string(request.path));
  json.set("pathParameters", to_json(call.path));
  json.set("query", call.query);
  json.set("headers", to_json(request.headers));
  json.set("body", call.body);
  json.set("transport", Json::string(transports[static_cast<int>(request.peer.transport)]));
  json.set("address", Json::string(request.peer.address));
  json.set("tls", Json::boolean(request.peer.tls));
  json.set("certificate", Json::string(request.peer.certificate));
  return json_answer(json);
}

// Waits until its deadline or cancel, or `ms`.
Result<Answer> slow(Call& call) {
  struct Waiting {
    std::mutex mutex;
    std::condition_variable changed;
    bool cancelled = false;
  };
  auto waiting = std::make_shared<Waiting>();
  call.request.deadline.cancel.on_cancel([waiting] {
    std::lock_guard lock(waiting->mutex);
    waiting->cancelled = true;
    waiting->changed.notify_all();
  });
  const auto until = base::Steady::now() + std::chrono::milliseconds(call.number("ms"));
  std::unique_lock lock(waiting->mutex);
  const bool heeds = !call.flag("deaf");
  waiting->changed.wait_until(lock, until, [&] { return heeds && waiting->cancelled; });
  if (heeds && waiting->cancelled) std::cout << "cancelled" << std::endl;
  return json_answer(Json::object({{"cancelled", Json::boolean(waiting->cancelled)}}));
}

Result<Answer> list_things(Call& call) {
  auto page = read_page(call, "things");
  if (!page) return page.error();
  constexpr std::size_t all = 120;
  const std::size_t from = page->after.empty() ? 0 : std::stoul(page->after[0]);
  Json items = Json::array();
  std::size_t at = from;
  for (; at < all && items.items().size() < page->limit; ++at)
    items.push(Json::object({{"name", Json::string("thing-" + std::to_string(at))}}));
  Answer answer = json_answer(Json::object({{"items", std::move(items)}}));
  if (at < all) link_next(answer, call, "things", {std::to_string(at)});
  return answer;
}

/// One thing that has a revision.
struct Thing {
  std::mutex mutex;
  int revision = 1;
  Json value = Json::object({{"name", Json::string("first")}});

  Result<Answer> get() {
    std::lock_guard lock(mutex);
    Answer answer = json_answer(value);
    answer.headers.emplace_back("ETag", etag_of(std::to_string(revision)));
    return answer;
  }
  Result<Answer> put(Call& call) {
    std::lock_guard lock(mutex);
    if (auto problem = check_if_match(call.request, etag_of(std::to_string(revision)), true))
      return to_answer(*problem, call.request);
    value = call.body;
    ++revision;
    return Answer{.status = 204, .headers = {{"ETag", etag_of(std::to_string(revision))}}};
  }
};

Route route(const char* method, const char* path, const char* operation,
            std::function<Result<Answer>(Call&)> handler) {
  return {.method = method,
          .path = path,
          .operation = operation,
          .tag = "test",
          .summary = operation,
          .answers = {{.status = 200, .schema = "Anything", .help = "Done."}},
          .security = std::string(security_none),
          .handler = std::move(handler)};
}

void add_echo(Routes& routes) {
  Route plain = route("GET", "/api/v1/echo/{name}", "echoGet", echo);
  plain.parameters = {
      {Parameter::In::path, "name", R"({"type": "string", "maxLength": 64})", "A name."},
      {Parameter::In::query, "count", R"({"type": "integer", "minimum": 1, "maximum": 9})",
       "A count."},
      {Parameter::In::query, "deep", R"({"type": "boolean", "default": false})", "A flag."},
      {Parameter::In::query, "state",
       R"({"type": "array", "items": {"type": "string", "enum": ["up", "down"]}})", "States."}};
  routes.add(plain);
  Route posted = route("POST", "/api/v1/echo", "echoPost", echo);
  posted.body = "Thing";
  routes.add(posted);
  Route fast = route("GET", "/api/v1/fast", "echoFast", echo);
  fast.fast = true;
  routes.add(fast);
}

void add_others(Routes& routes, const std::shared_ptr<News>& news) {
  Route wait = route("GET", "/api/v1/slow", "slow", slow);
  wait.parameters = {{Parameter::In::query, "ms",
                      R"({"type": "integer", "minimum": 0, "maximum": 60000})", "How long.", true},
                     {Parameter::In::query, "deaf", R"({"type": "boolean", "default": false})",
                      "Heeds no cancel."}};
  routes.add(wait);
  wait.path = "/api/v1/far";
  wait.operation = "far";
  wait.waits = true;
  routes.add(wait);
  routes.add(route("GET", "/api/v1/throws", "throws", [](Call&) -> Result<Answer> {
    throw std::runtime_error("secret text of an exception");
  }));
  routes.add(route("GET", "/api/v1/fails", "fails", [](Call&) -> Result<Answer> {
    return base::Error{.message = "secret text of a fault"};
  }));
  Route list = route("GET", "/api/v1/things", "listThings", list_things);
  list.parameters = page_parameters();
  routes.add(list);
  auto thing = std::make_shared<Thing>();
  routes.add(route("GET", "/api/v1/thing", "getThing", [thing](Call&) { return thing->get(); }));
  Route put =
      route("PUT", "/api/v1/thing", "putThing", [thing](Call& call) { return thing->put(call); });
  put.body = "Thing";
  put.answers = {{.status = 204, .schema = "", .help = "Done."}};
  routes.add(put);
  for (const bool fast : {true, false}) {
    Route events =
        route("GET", fast ? "/api/v1/events" : "/api/v1/events/slow",
              fast ? "events" : "slowEvents", [news](Call&) -> Result<Answer> {
                return Answer{.events = EventStream{
                                  news->bell, [news](const std::string& after) -> Result<Events> {
                                    return news->after(after);
                                  }}};
              });
    events.produces = "text/event-stream";
    events.fast = fast;
    events.answers = {{.status = 200, .schema = "", .help = "Events."}};
    routes.add(events);
  }
  Route page = route("GET", "/page", "page", {});
  page.handler =
      [body = std::make_shared<const std::string>(32 * 1024, 'x')](Call&) -> Result<Answer> {
    return Answer{.headers = {{"Content-Type", "text/plain"}}, .body = body};
  };
  page.fast = true;
  page.produces = "text/plain";
  routes.add(page);
}

std::int64_t number(const std::string& text) { return std::stoll(text); }

void set_limit(ServerOptions& options, const std::string& name, const std::string& value) {
  ServerLimits& limits = options.limits;
  const std::map<std::string, std::chrono::milliseconds*> times = {
      {"head_timeout", &limits.head_timeout},     {"body_timeout", &limits.body_timeout},
      {"rate_grace", &limits.rate_grace},         {"idle_timeout", &limits.idle_timeout},
      {"answer_timeout", &limits.answer_timeout}, {"heartbeat", &limits.heartbeat}};
  const std::map<std::string, std::size_t*> sizes = {
      {"head_bytes", &limits.head_bytes},
      {"body_bytes", &limits.body_bytes},
      {"connections", &limits.connections},
      {"connections_per_address", &limits.connections_per_address},
      {"queue", &options.queue},
      {"event_streams", &limits.event_streams},
      {"bytes_per_second", &limits.bytes_per_second},
      {"bodies_bytes", &limits.bodies_bytes}};
  const std::map<std::string, double*> rates = {
      {"requests_per_second", &limits.requests_per_second}, {"burst", &limits.burst}};
  if (const auto time = times.find(name); time != times.end())
    *time->second = std::chrono::milliseconds(number(value));
  else if (const auto size = sizes.find(name); size != sizes.end())
    *size->second = static_cast<std::size_t>(number(value));
  else if (const auto rate = rates.find(name); rate != rates.end())
    *rate->second = static_cast<double>(number(value));
  else if (name == "count_local")
    limits.count_local = true;
  else if (name == "workers" || name == "far")
    (name == "far" ? options.far : options.workers) = static_cast<int>(number(value));
  else
    throw std::invalid_argument(name);
}

ServerOptions read_options(int count, char** arguments) {
  ServerOptions options;
  TlsFiles tls;
  for (int i = 1; i < count; ++i) {
    const std::string text = arguments[i];
    const std::string name = text.substr(0, text.find('='));
    const std::string value = text.substr(std::min(name.size() + 1, text.size()));
    if ((name == "tcp" || name == "tls") && !value.empty())
      options.listen.push_back({.address = value, .tls = name == "tls"});
    else if (name == "tcp" || name == "tls")
      options.listen.push_back({.tls = name == "tls"});
    else if (name == "unix")
      options.listen.push_back({.unix_path = value});
    else if (name == "certificate")
      tls.certificate = value;
    else if (name == "key")
      tls.key = value;
    else if (name == "client_ca")
      tls.client_ca = value;
    else if (name == "client_required")
      tls.client_required = true;
    else
      set_limit(options, name, value);
  }
  if (!tls.certificate.empty()) options.tls = tls;
  return options;
}

void obey(Server& server, News& news) {
  for (std::string line; std::getline(std::cin, line);) {
    const std::string verb = line.substr(0, line.find(' '));
    const std::string rest = line.substr(std::min(verb.size() + 1, line.size()));
    if (verb == "reload") {
      const auto done = server.reload_tls();
      std::cout << (done ? "reloaded" : "refused: " + done.error().message) << std::endl;
    } else if (verb == "stop") {
      std::cout << (server.stop(std::chrono::milliseconds(number(rest))) ? "stopped" : "cut")
                << std::endl;
    } else if (verb == "event") {
      news.add(rest);
      std::cout << "told" << std::endl;
    } else if (verb == "load") {
      const ServerLoad load = server.load();
      std::cout << load.connections << " " << load.requests << " " << load.event_streams << " "
                << load.queued << std::endl;
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  auto news = std::make_shared<News>();
  auto metrics = std::make_shared<Metrics>();
  Routes routes;
  routes.component("Anything", R"({"type": "object"})");
  routes.component("Thing",
                   R"({"type": "object", "additionalProperties": false, "required": ["name"],
    "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 64},
                   "size": {"type": "integer", "minimum": 0, "maximum": 1000},
                   "password": {"type": "string", "x-secret": true, "maxLength": 8}}})");
  add_echo(routes);
  add_others(routes, news);
  add_health(routes, {{"store", [] { return Result<void>(); }}});
  add_metrics(routes, metrics);
  auto table = RouteTable::make(std::move(routes), {}, {"Echo", "1.0", "For tests."});
  if (!table) {
    std::cerr << table.error().message << std::endl;
    return 70;
  }
  auto server = Server::start(read_options(count, arguments), RouteTable::handler(*table),
                              [metrics](const Exchange& exchange) { metrics->observe(exchange); });
  if (!server) {
    std::cerr << server.error().where << ": " << server.error().message << std::endl;
    return 78;
  }
  metrics->collect([&server](Samples& samples) { report((*server)->load(), samples); });
  for (const Listening& each : (*server)->listening())
    std::cout << "listening " << each.url << std::endl;
  obey(**server, *news);
}
