#include <algorithm>
#include <set>

#include "api/compiled_route.h"
#include "api/conditional.h"
#include "store/reader.h"

namespace portolan::api {
namespace {

using base::Json;
using std::string_view;

/// One segment deep in all the templates: what may come next, and the routes that end here.
struct Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::map<std::string, const CompiledRoute*, std::less<>> methods;
};

Node& node_of(Node& root, string_view path) {
  Node* node = &root;
  for (const std::string& segment : template_segments(path)) {
    std::unique_ptr<Node>& next = is_parameter(segment) ? node->parameter : node->literals[segment];
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  return *node;
}

/// What was found for a path: the route, or the methods that it has.
struct Match {
  const CompiledRoute* route = nullptr;
  std::set<std::string> allowed;
};

// The literal goes before the parameter: /registries/try is no registry.
void look(const Node& node, const std::vector<std::string>& segments, std::size_t depth,
          string_view method, Match& match) {
  if (match.route) return;
  if (depth == segments.size()) {
    for (const auto& [name, route] : node.methods) match.allowed.insert(name);
    const auto found = node.methods.find(method);
    if (found != node.methods.end()) match.route = found->second;
    return;
  }
  const auto literal = node.literals.find(segments[depth]);
  if (literal != node.literals.end()) look(*literal->second, segments, depth + 1, method, match);
  if (node.parameter && !segments[depth].empty())
    look(*node.parameter, segments, depth + 1, method, match);
}

std::string allow_header(const std::set<std::string>& methods) {
  std::string text;
  for (const std::string& method : methods) {
    text += method + ", ";
    if (method == "GET") text += "HEAD, ";
  }
  return text + "OPTIONS";
}

Answer not_modified(const Answer& answer) {
  Answer out{.status = 304};
  for (const char* name : {"ETag", "Cache-Control", "Link"}) {
    if (const std::string* value = answer.header(name)) out.headers.emplace_back(name, *value);
  }
  return out;
}

/// What If-Match named may move between the handler's look and its transaction: 412 all the same.
Problem problem_for(const base::Error& error, const Request& request) {
  Problem problem = problem_of(error);
  const bool moved = error.code == base::Code::conflict && error.where == store::where_revision;
  if (!moved || !request.header("if-match")) return problem;
  problem.status = 412;
  problem.code = "precondition_failed";
  return problem;
}

Answer answer_of(const CompiledRoute& compiled, const Guard& guard, Request& request) {
  Call call{.request = request, .caller = {}, .path = {}, .query = {}, .body = {}};
  if (guard) {
    if (auto problem = guard(compiled.route, call)) return to_answer(*problem, request);
  }
  if (auto problem = check_request(compiled, call)) return to_answer(*problem, request);
  auto result = compiled.route.handler(call);
  if (!result) {
    if (http_status(result.error().code) == 500) request.fault = result.error().message;
    return to_answer(problem_for(result.error(), request), request);
  }
  Answer answer = *std::move(result);
  const std::string* etag = answer.header("etag");
  const std::string* none = request.header("if-none-match");
  if (answer.status == 200 && etag && none && compiled.route.method == "GET" &&
      matches_weakly(*none, *etag))
    return not_modified(answer);
  if (answer.body && !answer.header("content-type"))
    answer.headers.emplace_back("Content-Type", compiled.route.produces);
  return answer;
}

Answer answer_unmatched(const Match& match, Request& request) {
  if (request.method == "OPTIONS" && (!match.allowed.empty() || request.path == "*"))
    return {.status = 204, .headers = {{"Allow", allow_header(match.allowed)}}};
  if (match.allowed.empty())
    return to_answer({.status = 404,
                      .code = "not_found",
                      .detail = "there is nothing at this path",
                      .hint = "/api/v1/openapi.json names every path."},
                     request);
  return to_answer({.status = 405,
                    .code = "method_not_allowed",
                    .headers = {{"Allow", allow_header(match.allowed)}}},
                   request);
}

const std::string& no_text() {
  static const std::string empty;
  return empty;
}

}  // namespace

Route& Routes::add(Route route) { return routes_.emplace_back(std::move(route)); }

void Routes::component(std::string name, std::string schema) {
  components_.insert_or_assign(std::move(name), std::move(schema));
}

struct RouteTable::Compiled {
  std::vector<CompiledRoute> compiled;  // Never moved once the nodes point into it.
  std::vector<Route> routes;
  Guard guard;
  Node root;
  std::shared_ptr<const std::string> openapi;

  Task take(Request& request) const {
    Match match;
    look(root, request.segments, 0, request.method == "HEAD" ? "GET" : request.method, match);
    if (!match.route) {
      return {Lane::io, [match](Request& asked) { return answer_unmatched(match, asked); }};
    }
    request.route = match.route->route.path;
    const CompiledRoute* route = match.route;
    const Lane lane = route->route.fast ? Lane::io : route->route.waits ? Lane::far : Lane::worker;
    return {lane, [this, route](Request& asked) { return answer_of(*route, guard, asked); }};
  }
};

RouteTable::RouteTable(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
RouteTable::~RouteTable() = default;

base::Result<std::shared_ptr<const RouteTable>> RouteTable::make(Routes routes, Guard guard,
                                                                 Description description) {
  auto table = std::make_unique<Compiled>();
  std::vector<std::string> faults;
  auto page = std::make_shared<Answer>();  // Known when all the routes are.
  routes.add({.method = "GET",
              .path = "/api/v1/openapi.json",
              .operation = "getOpenApi",
              .tag = "description",
              .summary = "This description",
              .answers = {{.status = 200, .schema = "OpenApi", .help = "OpenAPI 3.1"}},
              .security = std::string(security_none),
              .fast = true,
              .handler = [page](Call&) -> base::Result<Answer> { return *page; }});
  routes.component("OpenApi", R"({"type": "object"})");
  for (Route& route : routes.routes_)
    table->compiled.push_back(compile_route(std::move(route), routes.components_, faults));
  std::set<std::string> operations;
  for (const CompiledRoute& each : table->compiled) {
    const Route& route = each.route;
    table->routes.push_back(route);
    if (!operations.insert(route.operation).second)
      faults.push_back("the operation " + route.operation + " is there twice");
    if (!node_of(table->root, route.path).methods.emplace(route.method, &each).second)
      faults.push_back(route.method + " " + route.path + " is there twice");
  }
  for (const auto& [name, text] : routes.components_) {
    if (!base::parse_json(text)) faults.push_back("the component " + name + " is no JSON");
  }
  if (!faults.empty()) {
    std::string all;
    for (const std::string& fault : faults) all += (all.empty() ? "" : "; ") + fault;
    return base::Error{.code = base::Code::invalid_config, .message = all};
  }
  *page = json_answer(describe(table->compiled, routes.components_, description));
  page->headers.emplace_back("ETag",
                             etag_of(std::to_string(std::hash<std::string>()(*page->body))));
  page->headers.emplace_back("Cache-Control", "no-cache");
  table->openapi = page->body;
  table->guard = std::move(guard);
  return std::shared_ptr<const RouteTable>(new RouteTable(std::move(table)));
}

Handler RouteTable::handler(std::shared_ptr<const RouteTable> table) {
  return [table = std::move(table)](Request& request) { return table->compiled_->take(request); };
}

const std::shared_ptr<const std::string>& RouteTable::openapi() const { return compiled_->openapi; }
const std::vector<Route>& RouteTable::routes() const { return compiled_->routes; }

const std::string& Call::in_path(string_view name) const {
  for (const auto& [known, value] : path) {
    if (known == name) return value;
  }
  return no_text();
}

const std::string& Call::text(string_view name) const {
  const Json* value = query.find(name);
  return value && value->is_string() ? *value->as_string() : no_text();
}

std::int64_t Call::number(string_view name) const {
  const Json* value = query.find(name);
  return value ? value->as_integer().value_or(0) : 0;
}

bool Call::flag(string_view name) const {
  const Json* value = query.find(name);
  return value && value->as_bool().value_or(false);
}

Answer json_answer(const Json& body, int status) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = std::make_shared<const std::string>(to_text(body) + "\n")};
}

}  // namespace portolan::api
