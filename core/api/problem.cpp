#include "api/problem.h"

#include <algorithm>

#include "base/json.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Json;

struct Title {
  std::string_view code, text;
};
// Of the codes that only HTTP has; docs/errors.md lists them.
constexpr Title titles[] = {
    {"bad_request", "The request is not as HTTP has it"},
    {"invalid_query", "A parameter of the request is wrong"},
    {"invalid_json", "The body is not JSON"},
    {"invalid_body", "The body has mistakes"},
    {"unexpected_body", "This operation takes no body"},
    {"method_not_allowed", "The method is not for this path"},
    {"misdirected", "This server does not go by that name"},
    {"not_acceptable", "The client accepts nothing that is served here"},
    {"request_timeout", "The request did not arrive in time"},
    {"precondition_failed", "It was changed meanwhile"},
    {"precondition_required", "The request must say which revision it changes"},
    {"body_too_large", "The body is too large"},
    {"target_too_long", "The target is too long"},
    {"unsupported_media_type", "The body must be application/json in UTF-8"},
    {"expectation_failed", "The expectation cannot be met"},
    {"too_many_requests", "Too many requests from this address"},
    {"head_too_large", "The headers are too large"},
    {"unknown_method", "The method is not known"},
    {"http_version", "The version of HTTP is not spoken"},
    {"overloaded", "The server has too much to do"},
    {"unauthorized", "Signing in is needed"},
    {"forbidden", "Not allowed"},
    {"not_found", "There is no such thing"},
    {"conflict", "The state does not permit it"},
    {"internal", "A fault of the server"},
};

void set_text(Json& object, const char* name, const std::string& text) {
  if (!text.empty()) object.set(name, Json::string(text));
}

Json to_json(const Mistake& mistake) {
  Json json = Json::object();
  json.set("in", Json::string(mistake.in));
  json.set(mistake.in == "body" ? "pointer" : "name", Json::string(mistake.at));
  json.set("detail", Json::string(mistake.detail));
  set_text(json, "nearest", mistake.nearest);
  return json;
}

}  // namespace

int http_status(Code code) {
  switch (code) {
    case Code::ok: return 500;  // Nobody answers with an error that is none.
    case Code::unreachable: return 502;
    case Code::tls: return 502;
    case Code::unauthorized: return 401;
    case Code::forbidden: return 403;
    case Code::not_found: return 404;
    case Code::conflict: return 409;
    case Code::rate_limited: return 429;
    case Code::timeout: return 504;
    case Code::cancelled: return 503;
    case Code::unavailable: return 503;
    case Code::unsupported: return 422;
    case Code::invalid_config: return 422;
    case Code::invalid_argument: return 400;
    case Code::protocol: return 502;
    case Code::limit: return 422;
    case Code::policy: return 422;
    case Code::internal: return 500;
    case Code::plugin_refused: return 409;
    case Code::plugin_disabled: return 409;
    case Code::plugin_missing: return 422;
  }
  return 500;  // Unreachable; -Wswitch keeps the list complete.
}

Problem problem_of(const base::Error& error) {
  Problem problem{.status = http_status(error.code), .code = std::string(to_string(error.code))};
  if (problem.status == 500) return problem;  // Its texts are for the log.
  if (error.http_status != 0) problem.status = 502;
  problem.detail = error.message;
  problem.hint = error.hint;
  problem.where = error.where;
  problem.retry_after_ms = error.retry_after_ms;
  return problem;
}

std::string_view title(std::string_view code, int status) {
  const auto same = [&](const Title& title) { return title.code == code; };
  const auto found = std::find_if(std::begin(titles), std::end(titles), same);
  if (found != std::end(titles)) return found->text;
  return status < 500 ? "The request cannot be carried out" : "It could not be carried out";
}

Answer to_answer(const Problem& problem, Request& request) {
  Json json = Json::object();
  json.set("type", Json::string("urn:portolan:problem:" + problem.code));
  json.set("title", Json::string(std::string(title(problem.code, problem.status))));
  json.set("status", Json::integer(problem.status));
  json.set("code", Json::string(problem.code));
  set_text(json, "detail", problem.detail);
  set_text(json, "hint", problem.hint);
  set_text(json, "where", problem.where);
  set_text(json, "instance", request.id.empty() ? "" : "urn:portolan:request:" + request.id);
  if (!problem.errors.empty()) {
    Json errors = Json::array();
    for (const Mistake& mistake : problem.errors) errors.push(to_json(mistake));
    json.set("errors", std::move(errors));
  }
  request.error = problem.code;
  Answer answer{.status = problem.status, .headers = problem.headers};
  answer.headers.emplace_back("Content-Type", "application/problem+json");
  if (problem.retry_after_ms > 0)
    answer.headers.emplace_back("Retry-After",
                                std::to_string((problem.retry_after_ms + 999) / 1000));
  answer.body = std::make_shared<const std::string>(to_text(json) + "\n");
  return answer;
}

}  // namespace portolan::api
