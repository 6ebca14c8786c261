/// The first admin, and signing in with a password: both end with a token.
#include <chrono>
#include <ostream>

#include "cli/client/client.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "model/json.h"

namespace portolan::cli {
namespace {

using base::Error;
using base::Json;

int refuse(Session& session, const Error& error) {
  return session.fail(error, client_exit_code(error));
}

/// A token for the session that `cookie` is; the session is ended.
base::Result<std::string> token_for(Client& client, const std::string& set_cookie,
                                    const std::string& name) {
  const std::string cookie = set_cookie.substr(0, set_cookie.find(';'));
  Json wish = Json::object();
  wish.set("name", Json::string(name));
  auto made = client.send("POST", "/api/v1/tokens", wish, cookie);
  if (!made) return made.error();
  (void)client.send("DELETE", "/api/v1/session", {}, cookie);  // It would end by itself.
  const Json* token = made->body.find("token");
  return token && token->as_string() ? *token->as_string() : std::string();
}

/// To the millisecond: names of one user's tokens differ.
std::string now_text() {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                      std::chrono::system_clock::now().time_since_epoch())
                      .count();
  return model::utc_time(ms) + "." + std::to_string(ms % 1000);
}

int sign_in(Session& session, const std::string& path, Json body) {
  auto client = Client::open(session, /*anonymous=*/true);
  if (!client) return refuse(session, client.error());
  auto password = read_secret(session.args().value("password-from"), "--password-from");
  if (!password) return refuse(session, password.error());
  body.set("name", Json::string(session.args().positionals().front()));
  body.set("password", Json::string(password->reveal()));
  auto reply = client->send("POST", path, body);
  if (!reply) return refuse(session, reply.error());
  std::string name = session.args().value("token-name");
  if (name.empty()) name = "cli " + now_text();
  auto token = token_for(*client, reply->cookie, name);
  if (!token) return refuse(session, token.error());
  session.terminal().out << *token << '\n';
  return exit_ok;
}

}  // namespace

int set_up(Session& session) {
  auto token = read_secret(session.args().value("setup-token-from"), "--setup-token-from");
  if (!token) return refuse(session, token.error());
  Json body = Json::object();
  body.set("token", Json::string(token->reveal()));
  return sign_in(session, "/api/v1/setup", std::move(body));
}

int log_in(Session& session) { return sign_in(session, "/api/v1/session", Json::object()); }

}  // namespace portolan::cli
