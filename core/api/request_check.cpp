// What a request is held to, beyond HTTP: what its route declares.
#include <algorithm>
#include <charconv>

#include "api/compiled_route.h"
#include "api/references.h"
#include "base/text.h"

namespace portolan::api {
namespace {

using base::Json;
using std::string_view;

constexpr base::JsonLimits body_limits{.depth = 32, .bytes = 64 * 1024 * 1024, .values = 200'000};

std::string lower(string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

string_view trimmed(string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The pieces of `text` between `mark`, trimmed.
std::vector<string_view> split(string_view text, char mark) {
  std::vector<string_view> pieces;
  while (true) {
    const std::size_t end = text.find(mark);
    pieces.push_back(trimmed(text.substr(0, end)));
    if (end == string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

// "q=0", "q=0.000": what the client says it does not want.
bool is_refused(string_view parameter) {
  const std::string text = lower(parameter);
  return text.size() > 2 && text.compare(0, 2, "q=") == 0 && text[2] == '0' &&
         text.find_first_not_of("0.", 2) == std::string::npos;
}

// Whether Accept permits `type` (RFC 9110 §12.5.1): its most specific range decides.
bool accepts(string_view accept, string_view type) {
  const string_view wanted = trimmed(type.substr(0, type.find(';')));
  const std::string family = std::string(wanted.substr(0, wanted.find('/'))) + "/*";
  int best = 0;
  bool permitted = false;
  for (const string_view range : split(accept, ',')) {
    const auto pieces = split(range, ';');
    const std::string name = lower(pieces.front());
    const int rank = name == wanted ? 3 : name == family ? 2 : name == "*/*" ? 1 : 0;
    if (rank <= best) continue;
    best = rank;
    permitted = std::none_of(pieces.begin() + 1, pieces.end(), is_refused);
  }
  return permitted;
}

std::optional<Problem> check_accept(const Route& route, const Request& request) {
  const std::string* accept = request.header("accept");
  if (!accept || trimmed(*accept).empty() || accepts(*accept, route.produces)) return {};
  return Problem{.status = 406,
                 .code = "not_acceptable",
                 .detail = "the Accept header excludes what is served here",
                 .hint = "Send Accept: " + route.produces + ", or none."};
}

// In words of HTTP: what a schema calls a key is a parameter in a query.
Mistake to_mistake(const base::SchemaMistake& found, const Json& document, const char* in) {
  const bool is_body = std::string_view(in) == "body";
  Mistake mistake{.in = in, .at = found.pointer, .nearest = found.nearest};
  if (!is_body) mistake.at = base::clean_text(string_view(found.pointer).substr(1), 128);
  const bool missing = found.about_key && !document.at_pointer(found.pointer);
  if (missing)
    mistake.detail = is_body ? "the member is missing" : "the parameter is missing";
  else if (found.about_key)
    mistake.detail = is_body ? "unknown member" : "unknown parameter";
  else
    mistake.detail = "expected " + found.expected + ", found " + found.found;
  return mistake;
}

void check(const base::Schema& schema, const Json& document, const char* in,
           std::vector<Mistake>& mistakes) {
  for (const base::SchemaMistake& found : schema.check(document))
    mistakes.push_back(to_mistake(found, document, in));
}

std::optional<Problem> check_path(const CompiledRoute& compiled, Call& call) {
  Json values = Json::object();
  for (const auto& [segment, name] : compiled.path_names) {
    const std::string& value = call.request.segments[segment];
    values.set(name, Json::string(value));
    call.path.emplace_back(name, value);
  }
  if (compiled.path_names.empty() || compiled.path_schema->check(values).empty()) return {};
  // What no name may be is the name of nothing.
  Problem problem{.status = 404, .code = "not_found", .detail = "nothing can have such a name"};
  check(*compiled.path_schema, values, "path", problem.errors);
  return problem;
}

// Left as text where it is not of the type: then the schema says what was expected.
Json to_value(const std::string& text, const std::string& type) {
  if (type == "boolean" && (text == "true" || text == "false"))
    return Json::boolean(text == "true");
  if (type == "integer") {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return Json::integer(number);
  }
  if (type == "number") {
    auto number = base::parse_json(text);
    if (number && number->type() == Json::Type::number) return *std::move(number);
  }
  return Json::string(text);
}

std::optional<Problem> check_query(const CompiledRoute& compiled, Call& call) {
  if (call.request.query.empty() && compiled.empty_query) {
    call.query = *compiled.empty_query;
    return {};
  }
  Problem problem{.status = 400,
                  .code = "invalid_query",
                  .detail = "the query has mistakes",
                  .hint = "/api/v1/openapi.json names the parameters of every operation."};
  call.query = Json::object();
  for (const auto& [name, text] : call.request.query) {
    const auto same = [&, &wanted = name](const auto& known) { return known.name == wanted; };
    const auto known = std::find_if(compiled.query_names.begin(), compiled.query_names.end(), same);
    Json value = to_value(text, known == compiled.query_names.end() ? "string" : known->type);
    const Json* old = call.query.find(name);
    if (known != compiled.query_names.end() && known->repeated) {
      Json list = old ? *old : Json::array();
      list.push(std::move(value));
      value = std::move(list);
    } else if (old) {
      problem.errors.push_back({"query", base::clean_text(name, 128), "it stands there twice"});
    }
    call.query.set(name, std::move(value));
  }
  check(*compiled.query_schema, call.query, "query", problem.errors);
  if (!problem.errors.empty()) return problem;
  call.query = compiled.query_schema->with_defaults(call.query);
  return {};
}

bool is_json_type(const std::string* header) {
  if (!header) return false;
  const auto pieces = split(*header, ';');
  if (lower(pieces.front()) != "application/json") return false;
  return std::all_of(pieces.begin() + 1, pieces.end(), [](string_view piece) {
    const std::string parameter = lower(piece);
    return parameter == "charset=utf-8" || parameter == "charset=\"utf-8\"" || parameter.empty();
  });
}

// Handles of secrets, wherever a schema would let any object pass.
void refuse_handles(const Json& value, const std::string& pointer, std::vector<Mistake>& mistakes) {
  for (const auto& [name, inside] : value.members()) {
    const std::string below = base::pointer_below(pointer, name);
    if (name == "$secret")
      mistakes.push_back({"body", below, "a reference to a secret; send the value"});
    refuse_handles(inside, below, mistakes);
  }
  for (std::size_t i = 0; i < value.items().size(); ++i)
    refuse_handles(value.items()[i], pointer + "/" + std::to_string(i), mistakes);
}

std::optional<Problem> check_members(const base::Schema& schema, const Json& body) {
  Problem problem{.status = 422,
                  .code = "invalid_body",
                  .detail = "the body has mistakes",
                  .hint = "/api/v1/openapi.json describes the body of every operation."};
  const auto refer = [&] {
    problem.code = to_string(base::Code::invalid_config);
    problem.detail = "the body has a reference where a value is expected";
    problem.hint = reference_hint;
  };
  refuse_handles(body, "", problem.errors);
  if (!problem.errors.empty()) refer();
  for (const base::SchemaMistake& found : schema.check(body)) {
    problem.errors.push_back(to_mistake(found, body, "body"));
    if (!is_reference(found, body)) continue;
    problem.errors.back().detail = "a reference; send the value";
    refer();
  }
  if (problem.errors.empty()) return {};
  return problem;
}

std::optional<Problem> check_body(const CompiledRoute& compiled, Call& call) {
  const Request& request = call.request;
  if (!compiled.body_schema) {
    if (request.body.empty()) return {};
    return Problem{.status = 400, .code = "unexpected_body", .hint = "Send it without a body."};
  }
  if (request.body.empty() && !compiled.route.body_required) return {};
  if (!request.body.empty() && !is_json_type(request.header("content-type")))
    return Problem{.status = 415,
                   .code = "unsupported_media_type",
                   .hint = "Send Content-Type: application/json."};
  auto body = base::parse_json(request.body, body_limits);
  if (!body) {
    const base::Error& error = body.error();
    const bool empty = request.body.empty();
    return Problem{
        .status = 400,
        .code = "invalid_json",
        .detail = empty ? "the body is missing" : error.message,
        .hint = empty ? "Send the JSON object that this operation describes." : error.hint,
        .where = empty ? "" : error.where};
  }
  if (auto problem = check_members(*compiled.body_schema, *body)) return problem;
  call.body = compiled.body_schema->with_defaults(*body);
  return {};
}

}  // namespace

std::optional<Problem> check_request(const CompiledRoute& compiled, Call& call) {
  if (auto problem = check_accept(compiled.route, call.request)) return problem;
  if (auto problem = check_path(compiled, call)) return problem;
  if (auto problem = check_query(compiled, call)) return problem;
  return check_body(compiled, call);
}

}  // namespace portolan::api
