#include "cli/client/client.h"

#include <algorithm>
#include <iostream>

#include "base/url.h"
#include "cli/flag_registry.h"
#include "cli/program.h"
#include "manifest/manifest.h"

namespace portolan::cli {
namespace {

using base::Code;
using base::Error;
using base::Json;

constexpr const char* ndjson = "application/x-ndjson";
constexpr std::size_t reply_bytes = 64 * 1024 * 1024;
constexpr std::string_view unix_scheme = "unix:";

std::string environment(const char* name) {
  return config::process_environment()(name).value_or("");
}

base::Result<base::Secret> token_of(const Session& session, bool anonymous) {
  // Whoever signs in is nobody yet, whatever tokens lie about.
  if (anonymous) return base::Secret();
  if (const std::string source = session.args().value("token-from"); !source.empty())
    return read_secret(source, "--token-from");
  if (std::string text = environment("PORTOLAN_TOKEN"); !text.empty())
    return base::Secret(std::move(text));
  if (const std::string file = environment("PORTOLAN_TOKEN_FILE"); !file.empty())
    return read_secret("file:" + file, "PORTOLAN_TOKEN_FILE");
  return Error{.code = Code::unauthorized,
               .message = "no token was given",
               .hint =
                   "Set PORTOLAN_TOKEN, or give --token-from file:PATH; the first one comes "
                   "from portolan setup."};
}

/// The URL of the rel="next" link (RFC 8288), or empty.
std::string next_of(std::string_view link) {
  const auto end = link.find('>');
  if (link.empty() || link.front() != '<' || end == link.npos) return {};
  return link.find("rel=\"next\"", end) == link.npos ? "" : std::string(link.substr(1, end - 1));
}

std::string text_in(const Json& json, std::string_view key) {
  const Json* value = json.find(key);
  const std::string* text = value ? value->as_string() : nullptr;
  return text ? *text : std::string();
}

/// The problem (RFC 9457) as the Error that the daemon had, every mistake in its message.
Error problem_error(int status, const Json& problem) {
  Error out;
  out.http_status = status;
  out.code = status == 401                    ? Code::unauthorized
             : status == 403                  ? Code::forbidden
             : status == 404                  ? Code::not_found
             : status == 429                  ? Code::rate_limited
             : status == 503                  ? Code::unavailable
             : status == 409 || status == 412 ? Code::conflict
                                              : Code::invalid_argument;
  out.message = text_in(problem, "detail");
  if (out.message.empty()) out.message = text_in(problem, "title");
  if (out.message.empty()) out.message = "the daemon answered " + std::to_string(status);
  if (const Json* mistakes = problem.find("errors"))
    for (const Json& mistake : mistakes->items())
      out.message += "\n  " + text_in(mistake, "at") + ": " + text_in(mistake, "detail");
  out.hint = text_in(problem, "hint");
  out.where = text_in(problem, "where");
  return out;
}

/// An array of what stands on the lines.
base::Result<Json> parse_lines(std::string_view text) {
  Json out = Json::array();
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = base::parse_json(text.substr(0, end));
    if (!line) return line.error();
    out.push(*std::move(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

int client_exit_code(const Error& error) {
  switch (error.code) {
    case Code::unauthorized:
    case Code::forbidden: return exit_denied;
    case Code::unreachable:
    case Code::tls:
    case Code::timeout:
    case Code::policy:
    case Code::unavailable: return exit_unavailable;
    case Code::invalid_config: return exit_config;
    case Code::cancelled: return exit_interrupted;
    default:
      return error.http_status == 0 && error.code == Code::invalid_argument
                 ? config::usage_exit_code
                 : exit_failed;
  }
}

base::Result<base::Secret> read_secret(const std::string& source, const std::string& where) {
  const auto reference = secret_reference(where, source);
  if (!reference) return reference.error();
  auto secret =
      manifest::read_reference(*reference, "", manifest::Privacy::secret,
                               manifest::References{config::process_environment(), std::cin});
  if (!secret) secret.error().where = where;
  return secret;
}

base::Result<Client> Client::open(Session& session, bool anonymous) {
  std::string typed = session.args().value("server");
  if (typed.empty()) typed = environment("PORTOLAN_SERVER");
  if (typed.empty()) typed = "http://127.0.0.1:7070";
  net::ChannelOptions options;
  if (typed.rfind(unix_scheme, 0) == 0) {
    options.unix_socket = typed.substr(unix_scheme.size());
    typed = "http://127.0.0.1";
  }
  auto server = base::parse_address(typed);
  if (!server) {
    server.error().where = "--server";
    return server.error();
  }
  auto token = token_of(session, anonymous);
  if (!token) return token.error();
  if (session.args().has("daemon-ca")) {
    auto ca = read_secret("file:" + session.args().value("daemon-ca"), "--daemon-ca");
    if (!ca) return ca.error();
    options.tls.ca_pem = ca->reveal();
  }
  // An event stream may be quiet for long.
  options.minimum_rate_window = std::chrono::hours(24);
  // The one host that the user named.
  options.policy.permit_origin(*server);
  auto transport = net::make_curl_transport();
  auto channel = transport->open(std::move(options));
  if (!channel) return channel.error();
  return Client(session, *std::move(server), *std::move(token), std::move(transport),
                *std::move(channel));
}

Client::Client(Session& session, base::Url server, base::Secret token,
               std::unique_ptr<net::Transport> transport, std::shared_ptr<net::Channel> channel)
    : session_(&session),
      server_(std::move(server)),
      token_(std::move(token)),
      transport_(std::move(transport)),
      channel_(std::move(channel)) {}

net::Request Client::request(const std::string& method, const std::string& target) const {
  net::Request out;
  out.method = method;
  auto url = base::below(server_, target);
  if (url) out.url = *std::move(url);
  out.max_body = reply_bytes;
  out.headers = {{"Accept", "application/json, " + std::string(ndjson)},
                 {"User-Agent", "portolan"}};
  if (!token_.empty()) out.headers.push_back({"Authorization", "Bearer " + token_.reveal()});
  return out;
}

base::Result<Reply> Client::send(const std::string& method, const std::string& target,
                                 const Json& body, const std::string& cookie) {
  net::Request message = request(method, target);
  message.timeout = std::chrono::minutes(2);
  if (!body.is_null()) {
    message.body = base::to_text(body);
    message.headers.push_back({"Content-Type", "application/json"});
  }
  if (!cookie.empty()) message.headers.push_back({"Cookie", cookie});
  const auto inbox = transport_->inbox();
  session_->cancel().on_cancel([inbox] { inbox->wake(); });
  channel_->start(++exchange_, std::move(message), inbox);
  Reply reply;
  std::string text;
  bool has_lines = false;
  for (;;) {
    auto event = inbox->next(base::Steady::time_point::max());
    if (!event) return Error{.code = Code::cancelled, .message = "interrupted"};
    if (event->kind == net::Event::Kind::body) text += event->bytes;
    if (event->kind == net::Event::Kind::head) {
      reply.status = event->status;
      for (const net::Header& header : event->headers) {
        if (header.name == "location") reply.location = header.value;
        if (header.name == "content-type") has_lines = header.value == ndjson;
        if (header.name == "link") reply.next = next_of(header.value);
        if (header.name == "set-cookie") reply.cookie = header.value;
      }
    }
    if (event->kind != net::Event::Kind::done) continue;
    if (event->error) return *event->error;
    break;
  }
  auto json = text.empty() ? base::Result<Json>(Json())
              : has_lines  ? parse_lines(text)
                           : base::parse_json(text);
  if (!json && reply.status < 400)
    return Error{.code = Code::protocol,
                 .message = "the answer is no JSON",
                 .hint = "Is --server the address of a Portolan daemon?",
                 .where = server_.text()};
  if (reply.status >= 400) return problem_error(reply.status, json ? *json : Json());
  reply.body = *std::move(json);
  return reply;
}

base::Result<void> Client::stream(const std::string& target,
                                  const std::function<bool(const Json&)>& each) {
  net::Request message = request("GET", target);
  message.headers.front().value = "text/event-stream";
  message.timeout = std::chrono::hours(24 * 365);
  const auto inbox = transport_->inbox();
  session_->cancel().on_cancel([inbox] { inbox->wake(); });
  channel_->start(++exchange_, std::move(message), inbox);
  int status = 0;
  std::string text;
  for (;;) {
    auto event = inbox->next(base::Steady::time_point::max());
    if (!event) {
      channel_->abort(exchange_, inbox);
      return {};
    }
    if (event->kind == net::Event::Kind::head) status = event->status;
    if (event->kind == net::Event::Kind::body) text += event->bytes;
    if (event->kind == net::Event::Kind::done) {
      if (event->error) return *event->error;
      const auto json = base::parse_json(text);
      if (status >= 400) return problem_error(status, json ? *json : Json());
      return {};
    }
    // Our own daemon writes one `data:` line an event.
    for (std::size_t end = 0; status < 400 && (end = text.find('\n')) != text.npos;) {
      const std::string line = text.substr(0, end);
      text.erase(0, end + 1);
      if (line.rfind("data: ", 0) != 0) continue;
      const auto json = base::parse_json(std::string_view(line).substr(6));
      if (json && !each(*json)) {
        channel_->abort(exchange_, inbox);
        return {};
      }
    }
  }
}

}  // namespace portolan::cli
