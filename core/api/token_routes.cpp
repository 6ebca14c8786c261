/// Bearer tokens.
#include <algorithm>

#include "api/binder.h"
#include "api/resources.h"
#include "base/crypto.h"
#include "config/daemon_settings.h"
#include "model/json.h"
#include "store/store.h"
#include "store/tenants.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Json;
using model::Action;

Json to_json(const model::Token& token, const std::string& workspace) {
  Json only = Json::array();
  for (const Action action : token.only) only.push(Json::string(std::string(to_string(action))));
  Json out = Json::object();
  out.set("id", Json::integer(token.id));
  out.set("name", Json::string(token.name));
  out.set("user", Json::string(token.user_name));
  out.set("scopes", std::move(only));
  out.set("workspace", model::text_or_null(workspace));
  out.set("created_at", model::text_or_null(model::utc_time(token.created_ms)));
  out.set("expires_at", model::text_or_null(model::utc_time(token.expires_ms)));
  out.set("last_used_at", model::text_or_null(model::utc_time(token.last_used_ms)));
  return out;
}

class Tokens : public Handlers {
 public:
  using Handlers::Handlers;

  base::Result<Answer> list(Call& call) {
    const model::Principal& who = call.caller->principal;
    const bool all = call.flag("all");
    if (all && !model::may(who, Action::token_write, {}))
      return Error{.code = Code::forbidden,
                   .message = who.name + " may list only his own tokens",
                   .hint = "Leave out ?all."};
    const auto owner = all ? std::optional<model::Id>() : who.user;
    const auto request = page_request(call, "tokens");
    if (!request) return request.error();
    return read([&](store::Reader& reader) {
      return page_of_all(
          call, "tokens", *request, store::tokens(reader, owner),
          [](const model::Token& token) { return key_of_id(token.id); },
          [&](const model::Token& token) {
            return to_json(token, workspace_name(reader, token.only_workspace));
          });
    });
  }

  /// The token is in this answer and nowhere else, so it takes no Idempotency-Key.
  base::Result<Answer> create(Call& call) {
    auto token = token_from(call);
    if (!token) return token.error();
    const base::Secret secret = base::random_token("ptk_");
    std::string workspace;
    auto written = store().write([&](store::Writer& writer) -> base::Result<void> {
      workspace = workspace_name(writer, token->only_workspace);
      auto made = store::insert_token(writer, *token, base::sha256(secret.reveal()));
      if (!made) return made.error();
      token = *std::move(made);
      return engine::note(writer, act_of(call), "token.create",
                          token->user_name + "/" + token->name, "",
                          base::to_text(to_json(*token, workspace)));
    });
    if (!written) return written.error();
    Json out = to_json(*token, workspace);
    out.set("token", Json::string(secret.reveal()));
    Answer answer = json_answer(out, 201);
    answer.headers.push_back({"Location", "/api/v1/tokens/" + std::to_string(token->id)});
    return answer;
  }

  base::Result<Answer> revoke(Call& call) {
    const model::Principal& who = call.caller->principal;
    const std::string& text = call.in_path("token");
    return write([&](store::Writer& writer) -> base::Result<void> {
      const bool any = model::may(who, Action::token_write, {});
      const auto owner = any ? std::optional<model::Id>() : who.user;
      for (const model::Token& token : store::tokens(writer, owner)) {
        if (std::to_string(token.id) != text) continue;
        if (auto gone = store::delete_token(writer, token.id); !gone) return gone;
        return engine::note(writer, act_of(call), "token.revoke",
                            token.user_name + "/" + token.name, "", "");
      }
      return no_such("token", text);
    });
  }

 private:
  static std::string workspace_name(store::Reader& reader, std::optional<model::Id> id) {
    const auto workspace = id ? store::find_workspace(reader, *id) : std::nullopt;
    return workspace ? workspace->name : std::string();
  }

  /// A token is never wider or longer than who makes it: what he is limited to, it is too.
  base::Result<model::Token> token_from(Call& call) {
    const model::Principal& who = call.caller->principal;
    const auto settings = resources_.daemon.settings();
    model::Token token;
    token.user = who.user;
    token.name = text_of(call.body, "name");
    if (const Json* scopes = call.body.find("scopes"))
      for (const Json& item : scopes->items())
        if (const auto action = model::action_from(*item.as_string()))
          token.only.push_back(*action);
    if (who.only) {
      if (token.only.empty()) token.only = *who.only;
      for (const Action action : token.only)
        if (std::find(who.only->begin(), who.only->end(), action) == who.only->end())
          return Error{.code = Code::forbidden,
                       .message = "the token of this call lacks " + std::string(to_string(action)),
                       .where = "/scopes"};
    }
    token.only_workspace = who.only_workspace;
    if (const std::string name = text_of(call.body, "workspace"); !name.empty()) {
      auto workspace = workspace_for(resources_, call, Action::workspace_read, name);
      if (!workspace) return workspace.error();
      if (who.only_workspace && *who.only_workspace != workspace->id)
        return no_such("workspace", name);
      token.only_workspace = workspace->id;
    }
    std::int64_t life_s =
        std::chrono::duration_cast<std::chrono::seconds>(settings->auth.token_life).count();
    if (const Json* wanted = call.body.find("life_s"))
      life_s = wanted->as_integer().value_or(life_s);
    const std::int64_t longest = settings->auth.token_life_max.count() / 1000;
    if (life_s > longest)
      return Error{.code = Code::invalid_config,
                   .message = "a token lives " + std::to_string(longest) + " s at most",
                   .hint = "auth.token-life-max of the daemon says so.",
                   .where = "/life_s"};
    token.expires_ms = store().now() + life_s * 1000;
    if (call.caller->token != 0)
      token.expires_ms = std::min(token.expires_ms, call.caller->ends_ms);
    return token;
  }
};

const char* const token_schema = R"({"type": "object", "required": ["id", "name", "user", "scopes",
    "workspace", "created_at", "expires_at", "last_used_at"], "properties": {
      "id": {"type": "integer"}, "name": {"type": "string"}, "user": {"type": "string"},
      "scopes": {"type": "array", "items": {"type": "string"}},
      "workspace": {"type": ["string", "null"]},
      "created_at": {"type": ["string", "null"], "format": "date-time"},
      "expires_at": {"type": ["string", "null"], "format": "date-time"},
      "last_used_at": {"type": ["string", "null"], "format": "date-time"},
      "token": {"type": "string", "description": "Only in the answer that makes it."}}})";

void add_components(Routes& routes) {
  std::string actions;
  for (std::size_t n = 0; n < model::action_count; ++n)
    actions += (n ? ", \"" : "\"") + std::string(to_string(static_cast<Action>(n))) + "\"";
  routes.component("NewToken", R"({"type": "object", "additionalProperties": false,
    "required": ["name"], "properties": {
      "name": {"type": "string", "minLength": 1, "maxLength": 100},
      "scopes": {"type": "array", "maxItems": 100, "items": {"type": "string", "enum": [)" +
                                   actions + R"(]},
        "description": "What it is limited to; empty: whatever its user may."},
      "workspace": {"type": "string", "maxLength": 63,
        "description": "Limits it to one workspace."},
      "life_s": {"type": "integer", "minimum": 60, "maximum": 315360000,
        "description": "Seconds; auth.token-life without it."}}})");
  routes.component("Token", token_schema);
  routes.component("Tokens", list_of("Token"));
}

}  // namespace

void add_token_routes(Routes& routes, Resources& resources) {
  add_components(routes);
  const Table<Tokens> table = Table<Tokens>(routes, resources).at({"tokens", "/tokens"});
  table.get("", &Tokens::list, "listTokens", "List one's tokens, or everybody's")
      .takes({flag_parameter("all", "Everybody's; for admins and auditors")})
      .paged()
      .gives(200, "Tokens", "A page")
      .needs("token.own");
  table.post("", &Tokens::create, "createToken", "Make a token")
      .says("It is shown in this answer only.")
      .body("NewToken")
      .gives(201, "Token", "With the token itself")
      .needs("token.own");
  table.remove("/{token}", &Tokens::revoke, "revokeToken", "Revoke a token")
      .takes({id_parameter("token")})
      .gives(204, "", "It ended")
      .needs("token.own");
}

}  // namespace portolan::api
