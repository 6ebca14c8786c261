// What a request is held to by its route, and the description that is made of it.
#include <catch2/catch.hpp>

#include "api/conditional.h"
#include "api/health_routes.h"
#include "api/paging.h"
#include "api/wire.h"
#include "store/reader.h"

using namespace portolan;
using namespace portolan::api;
using base::Json;
using base::Result;

namespace {

Route route(const std::string& method, const std::string& path, const std::string& operation) {
  return {
      .method = method,
      .path = path,
      .operation = operation,
      .tag = "things",
      .summary = operation,
      .answers = {{.status = 200, .schema = "", .help = "Done."}},
      .handler = [operation](Call& call) -> Result<Answer> {
        Json json = Json::object({{"operation", Json::string(operation)}, {"query", call.query}});
        json.set("body", call.body);
        for (const auto& [name, value] : call.path) json.set(name, Json::string(value));
        Answer answer = json_answer(json);
        answer.headers.emplace_back("ETag", etag_of("1"));
        return answer;
      }};
}

Parameter in_path(const std::string& name) {
  return {Parameter::In::path, name, R"({"type": "string", "pattern": "^[a-z/]+$"})", "A name."};
}

Routes some_routes() {
  Routes routes;
  routes.component("Thing",
                   R"({"type": "object", "additionalProperties": false, "required": ["name"],
    "properties": {"name": {"type": "string"}, "size": {"type": "integer", "default": 7},
                   "wait": {"type": "string", "format": "duration"},
                   "secret": {"type": "string", "x-secret": true}}})");
  Route list = route("GET", "/things", "listThings");
  list.parameters = page_parameters();
  list.parameters.push_back(
      {Parameter::In::query, "state",
       R"({"type": "array", "items": {"type": "string", "enum": ["up", "down"]}})", "States."});
  list.parameters.push_back({Parameter::In::query, "deep", R"({"type": "boolean"})", "A flag."});
  routes.add(list);
  Route post = route("POST", "/things", "createThing");
  post.body = "Thing";
  routes.add(post);
  Route get = route("GET", "/things/{thing}", "getThing");
  get.parameters = {in_path("thing")};
  routes.add(get);
  Route parts = route("GET", "/things/{thing}/parts/{part}", "getPart");
  parts.parameters = {in_path("thing"), in_path("part")};
  routes.add(parts);
  routes.add(route("POST", "/things/try", "tryThing"));
  Route moved = route("DELETE", "/moving/{thing}", "deleteThing");
  moved.parameters = {in_path("thing")};
  moved.handler = [](Call&) -> Result<Answer> { return store::same_revision(2, 1).error(); };
  routes.add(moved);
  add_health(routes, {{"store", [] { return Result<void>(); }},
                      {"key", []() -> Result<void> { return base::Error{.message = "secret"}; }}});
  return routes;
}

struct Got {
  int status = 0;
  Json json;
  Answer answer;
};

// Through the reader, as the server does it.
Got ask(const std::shared_ptr<const RouteTable>& table, const std::string& line,
        const std::string& headers = "", const std::string& body = "") {
  RequestReader reader({});
  reader.read(line + " HTTP/1.1\r\nHost: a\r\n" + headers +
              (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") +
              "\r\n" + body);
  REQUIRE(reader.state() == RequestReader::State::done);
  Request& request = reader.request();
  const Task task = RouteTable::handler(table)(request);
  Got got;
  got.answer = task.run(request);
  got.status = got.answer.status;
  if (got.answer.body) {
    if (auto json = base::parse_json(*got.answer.body)) got.json = *std::move(json);
  }
  return got;
}

/// The routes above, with or without a guard.
struct World {
  std::shared_ptr<const RouteTable> table;
  explicit World(Guard guard = {})
      : table(*RouteTable::make(some_routes(), std::move(guard), {"Things", "1", ""})) {}
  Got operator()(const std::string& line, const std::string& headers = "",
                 const std::string& body = "") const {
    return ask(table, line, headers, body);
  }
};

const std::string json_type = "Content-Type: application/json\r\n";

std::string text(const Json& json, const char* pointer) {
  const Json* found = json.at_pointer(pointer);
  return found && found->is_string() ? *found->as_string() : "";
}

}  // namespace

TEST_CASE("what moved after If-Match was compared is 412, and 409 for who sent none",
          "[api][routes]") {
  const World ask;
  const Got asked = ask("DELETE /moving/a", "If-Match: \"1\"\r\n");
  CHECK(asked.status == 412);
  CHECK(text(asked.json, "/code") == "precondition_failed");
  CHECK(ask("DELETE /moving/a").status == 409);
}

TEST_CASE("a path leads to its route, the literal before the parameter", "[api][routes]") {
  const World ask;
  CHECK(text(ask("GET /things").json, "/operation") == "listThings");
  CHECK(text(ask("GET /things/try").json, "/operation") == "getThing");
  CHECK(text(ask("POST /things/try").json, "/operation") == "tryThing");
  const Got part = ask("GET /things/a%2Fb/parts/c");
  CHECK(text(part.json, "/thing") == "a/b");
  CHECK(text(part.json, "/part") == "c");
  CHECK(text(ask("GET /things/try/parts/c").json, "/thing") == "try");
}

TEST_CASE("what is not there is 404, what may not be done there 405", "[api][routes]") {
  const World ask;
  for (const char* path :
       {"/", "/thing", "/things/", "/things//parts/c", "/things/a/parts", "/things/UPPER"}) {
    CAPTURE(path);
    CHECK(ask("GET " + std::string(path)).status == 404);
  }
  const Got wrong = ask("DELETE /things");
  CHECK(wrong.status == 405);
  CHECK(*wrong.answer.header("allow") == "GET, HEAD, POST, OPTIONS");
  CHECK(*ask("DELETE /things/try").answer.header("allow") == "GET, HEAD, POST, OPTIONS");
  CHECK(ask("OPTIONS /things").status == 204);
  CHECK(ask("HEAD /things").status == 200);
}

TEST_CASE("the query is typed, has its defaults, and every mistake is told", "[api][routes]") {
  const World ask;
  CHECK(to_text(*ask("GET /things?state=up&deep=true&state=down&limit=3").json.find("query")) ==
        R"({"state":["up","down"],"deep":true,"limit":3})");
  CHECK(to_text(*ask("GET /things").json.find("query")) == R"({"limit":50})");
  const Got wrong = ask("GET /things?limit=0&limt=1&state=ups&deep=1&deep=true");
  CHECK(wrong.status == 400);
  CHECK(text(wrong.json, "/code") == "invalid_query");
  CHECK(wrong.json.find("errors")->items().size() == 4);
  const std::string all = to_text(wrong.json);
  CHECK(all.find("an integer from 1 to 500") != std::string::npos);
  CHECK(all.find(R"("nearest":"limit")") != std::string::npos);
  for (const char* number : {"1.0", "+1", "01x", "", "1e2", "99999999999999999999"})
    CHECK(ask("GET /things?limit=" + std::string(number == std::string("+1") ? "%2B1" : number))
              .status == 400);
  CHECK(ask("GET /things/a?x=1").status == 400);
}

TEST_CASE("a body is JSON, in UTF-8, and passes its schema", "[api][routes]") {
  const World ask;
  const Got good = ask("POST /things", json_type, R"({"name": "a"})");
  CHECK(to_text(*good.json.find("body")) == R"({"name":"a","size":7})");
  CHECK(ask("POST /things", "Content-Type: application/json; charset=UTF-8\r\n", R"({"name": "a"})")
            .status == 200);
  CHECK(ask("POST /things", "", R"({"name": "a"})").status == 415);
  CHECK(ask("POST /things", "Content-Type: text/plain\r\n", R"({"name": "a"})").status == 415);
  CHECK(ask("POST /things", "Content-Type: application/json; charset=latin1\r\n", "{}").status ==
        415);
  CHECK(ask("POST /things", json_type).status == 400);
  for (const std::string& wrong :
       {std::string("{"), std::string("{\"name\": \"\xff\"}"), std::string("{\"a\":1,\"a\":2}"),
        std::string(40, '[') + std::string(40, ']'), std::string("{} {}"), std::string("NaN")}) {
    const Got got = ask("POST /things", json_type, wrong);
    CAPTURE(wrong);
    CHECK(got.status == 400);
    CHECK(text(got.json, "/code") == "invalid_json");
  }
  const Got mistakes = ask("POST /things", json_type, R"({"nam": "a", "size": "x", "secret": 5})");
  CHECK(mistakes.status == 422);
  CHECK(mistakes.json.find("errors")->items().size() == 4);
  CHECK(text(mistakes.json, "/code") == "invalid_body");
  // References are resolved by the client, and a body with one is told so.
  for (const char* secret : {R"({"$secret": "x"})", R"({"env": "X"})", R"({"file": "/x"})"}) {
    const Got refused =
        ask("POST /things", json_type, R"({"name": "a", "secret": )" + std::string(secret) + "}");
    CHECK(refused.status == 422);
    CHECK(text(refused.json, "/code") == "invalid_config");
  }
  CHECK(text(ask("POST /things", json_type, R"({"name": "a", "secretFrom": "X"})").json, "/code") ==
        "invalid_config");
  CHECK(ask("GET /things", json_type, "{}").status == 400);
}

TEST_CASE("a secret that is wrong is not shown", "[api][routes]") {
  const World ask;
  const Got got = ask("POST /things", json_type, R"({"name": "a", "secret": ["hunter2"]})");
  CHECK(got.status == 422);
  CHECK(to_text(got.json).find("hunter2") == std::string::npos);
}

TEST_CASE("Accept is heeded", "[api][routes]") {
  const World ask;
  const auto status = [&](const std::string& accept) {
    return ask("GET /things", "Accept: " + accept + "\r\n").status;
  };
  for (const char* good : {"*/*", "application/json", "application/*", "text/html, */*;q=0.1",
                           "APPLICATION/JSON", "", "application/json;q=0.5"})
    CHECK(status(good) == 200);
  for (const char* wrong :
       {"text/html", "text/*", "application/json;q=0", "application/json;q=0.0, */*", "nonsense"})
    CHECK(status(wrong) == 406);
}

TEST_CASE("what the client has already is not sent again", "[api][routes]") {
  const World ask;
  const Got same = ask("GET /things", "If-None-Match: W/\"1\"\r\n");
  CHECK(same.status == 304);
  CHECK(same.answer.body == nullptr);
  CHECK(*same.answer.header("etag") == "\"1\"");
  CHECK(ask("GET /things", "If-None-Match: \"2\"\r\n").status == 200);
  CHECK(ask("POST /things", json_type + "If-None-Match: \"1\"\r\n", R"({"name": "a"})").status ==
        200);
}

TEST_CASE("the guard is asked before anything is looked at", "[api][routes]") {
  const World ask([](const Route& route, Call&) -> std::optional<Problem> {
    if (route.security == security_none) return {};
    return Problem{
        .status = 401, .code = "unauthorized", .headers = {{"WWW-Authenticate", "Bearer"}}};
  });
  const Got got = ask("POST /things?x=1", "", "nonsense");
  CHECK(got.status == 401);
  CHECK(*got.answer.header("www-authenticate") == "Bearer");
  CHECK(ask("GET /livez").status == 200);
  CHECK(ask("GET /api/v1/openapi.json").status == 200);
}

TEST_CASE("health is plain text and tells no reasons", "[api][routes]") {
  const World ask;
  CHECK(*ask("GET /livez").answer.body == "alive\n");
  const Got ready = ask("GET /readyz?verbose");
  CHECK(ready.status == 503);
  CHECK(*ready.answer.body == "[+] store ok\n[-] key failed\nnot ready\n");
  CHECK(*ask("GET /readyz").answer.body == "not ready\n");
}

TEST_CASE("the description names every route, parameter and component", "[api][openapi]") {
  const World ask;
  const Json& json = ask("GET /api/v1/openapi.json").json;
  CHECK(text(json, "/openapi") == "3.1.0");
  CHECK(text(json, "/paths/~1things~1{thing}~1parts~1{part}/get/operationId") == "getPart");
  CHECK(text(json, "/paths/~1things/post/requestBody/content/application~1json/schema/$ref") ==
        "#/components/schemas/Thing");
  CHECK(json.at_pointer("/paths/~1things/get/parameters/0/schema/maximum")->as_integer() == 500);
  CHECK(json.at_pointer("/components/schemas/Thing/properties/wait/format") == nullptr);
  CHECK_FALSE(text(json, "/components/schemas/Thing/properties/wait/pattern").empty());
  for (const Route& each : ask.table->routes()) {
    const Json* path = json.find("paths")->find(each.path);
    REQUIRE(path);
    std::string method = each.method;
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    REQUIRE(path->find(method));
    CHECK((path->find(method)->find("parameters") == nullptr) == each.parameters.empty());
  }
}

TEST_CASE("faults of routes are all told, and there is no table", "[api][routes]") {
  Routes routes;
  routes.add(route("GET", "/a", "one"));
  routes.add(route("GET", "/a", "one"));
  Route wrong = route("BREW", "/b/{c}", "two");
  wrong.body = "Nowhere";
  wrong.parameters = {in_path("d"), {Parameter::In::query, "q", "{", "?"}};
  routes.add(wrong);
  const auto table = RouteTable::make(std::move(routes), {}, {"t", "1", ""});
  REQUIRE_FALSE(table);
  for (const char* fault :
       {"GET /a is there twice", "the operation one is there twice", "no such method",
        "there is no component Nowhere", "{c} is not declared", "the template has no {d}",
        "the schema of q is no JSON"}) {
    CAPTURE(fault);
    CHECK(table.error().message.find(fault) != std::string::npos);
  }
}
