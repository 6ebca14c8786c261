/// Signing in, users, tokens.
#include "api/binder.h"
#include "api/resources.h"
#include "base/crypto.h"
#include "config/daemon_settings.h"
#include "model/json.h"
#include "store/jobs.h"
#include "store/store.h"
#include "store/tenants.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Json;
using model::Action;

Json to_json(const model::User& user) {
  Json out = Json::object();
  out.set("name", Json::string(user.name));
  out.set("display_name", model::text_or_null(user.display_name));
  out.set("admin", Json::boolean(user.admin));
  out.set("auditor", Json::boolean(user.auditor));
  out.set("disabled", Json::boolean(user.disabled));
  out.set("created_at", model::text_or_null(model::utc_time(user.provenance.created_ms)));
  out.set("created_by", model::text_or_null(user.provenance.created_by));
  return out;
}

bool truth_of(const Json& body, std::string_view key, bool otherwise) {
  const Json* value = body.find(key);
  return value ? value->as_bool().value_or(otherwise) : otherwise;
}

class Accounts : public Handlers {
 public:
  using Handlers::Handlers;

  base::Result<Answer> set_up(Call& call) {
    if (auto allowed = resources_.authenticator.allow_guess("set-up", call.request.peer); !allowed)
      return allowed.error();
    model::User user;
    user.name = text_of(call.body, "name");
    user.admin = true;
    user.provenance.created_by = "set-up";
    // Before the transaction: it takes a tenth of a second.
    const auto hash = base::hash_password(base::Secret(text_of(call.body, "password")));
    const auto token = base::sha256(text_of(call.body, "token"));
    auto written = store().write([&](store::Writer& writer) -> base::Result<void> {
      if (!store::consume_setup_token(writer, token))
        return Error{.code = Code::unauthorized,
                     .message = "the set-up token is wrong, was used, or has ended",
                     .hint = "Restart portolan serve while there is no user: it prints another."};
      auto made = store::insert_user(writer, user, hash);
      if (!made) return made.error();
      user = *std::move(made);
      engine::Act act = act_of(call);
      act.actor = user.name;
      return engine::note(writer, act, "user.setup", user.name, "", base::to_text(to_json(user)));
    });
    if (!written) return refused(call, "user.setup", user.name, std::move(written).error());
    return sign_in_answer(call, user, 201);
  }

  base::Result<Answer> log_in(Call& call) {
    const std::string name = text_of(call.body, "name");
    auto user = resources_.authenticator.log_in(name, base::Secret(text_of(call.body, "password")),
                                                call.request.peer);
    if (!user) return refused(call, "session.create", name, std::move(user).error());
    return sign_in_answer(call, *user, 201);
  }

  base::Result<Answer> log_out(Call& call) {
    if (call.caller->token == 0) {
      auto written = store().write(
          [&](store::Writer& writer) { return store::delete_session(writer, call.caller->hash); });
      if (!written && written.error().code != Code::not_found) return written.error();
    }
    Answer answer;
    answer.status = 204;
    answer.headers = {{"Set-Cookie", cookie("", call, 0)}};
    return answer;
  }

  base::Result<Answer> me(Call& call) {
    const model::Principal& who = call.caller->principal;
    return read([&](store::Reader& reader) -> base::Result<Answer> {
      const auto user = store::find_user(reader, who.user);
      if (!user) return no_such("user", who.name);
      Json workspaces = Json::array();
      for (const auto& [id, role] : who.workspaces) {
        const auto workspace = store::find_workspace(reader, id);
        if (!workspace) continue;
        Json one = Json::object();
        one.set("workspace", Json::string(workspace->name));
        one.set("role", Json::string(std::string(to_string(role))));
        workspaces.push(std::move(one));
      }
      Json out = to_json(*user);
      out.set("workspaces", std::move(workspaces));
      out.set("ends_at", model::text_or_null(model::utc_time(call.caller->ends_ms)));
      return json_answer(out);
    });
  }

  base::Result<Answer> list(Call& call) {
    return list_answer(call, "users", store::list_users, to_json);
  }

  base::Result<Answer> create(Call& call) {
    return once(resources_, call, [&]() -> base::Result<Answer> {
      model::User user;
      user.name = text_of(call.body, "name");
      user.display_name = text_of(call.body, "display_name");
      user.admin = truth_of(call.body, "admin", false);
      user.auditor = truth_of(call.body, "auditor", false);
      user.provenance.created_by = call.caller->principal.name;
      const std::string password = text_of(call.body, "password");
      const auto hash = password.empty() ? "" : base::hash_password(base::Secret(password));
      auto written = store().write([&](store::Writer& writer) -> base::Result<void> {
        auto made = store::insert_user(writer, user, hash);
        if (!made) return made.error();
        user = *std::move(made);
        return engine::note(writer, act_of(call), "user.create", user.name, "",
                            base::to_text(to_json(user)));
      });
      if (!written) return written.error();
      return created(to_json(user), user, "/api/v1/users/" + user.name);
    });
  }

  base::Result<Answer> show(Call& call) {
    auto user = user_in_path(call);
    if (!user) return user.error();
    return shown_answer(to_json(*user), *user);
  }

  base::Result<Answer> update(Call& call) {
    auto before = user_in_path(call);
    if (!before) return before.error();
    if (auto answer = stale(call, *before)) return *std::move(answer);
    model::User user = *before;
    if (call.body.find("display_name")) user.display_name = text_of(call.body, "display_name");
    user.admin = truth_of(call.body, "admin", user.admin);
    user.auditor = truth_of(call.body, "auditor", user.auditor);
    user.disabled = truth_of(call.body, "disabled", user.disabled);
    auto written = store().write([&](store::Writer& writer) -> base::Result<void> {
      auto made = store::update_user(writer, user, before->provenance.revision);
      if (!made) return made.error();
      user = *std::move(made);
      return engine::note(writer, act_of(call), "user.update", user.name,
                          base::to_text(to_json(*before)), base::to_text(to_json(user)));
    });
    if (!written) return written.error();
    return resource_answer(to_json(user), user);
  }

  base::Result<Answer> remove(Call& call) {
    auto user = user_in_path(call);
    if (!user) return user.error();
    if (auto answer = stale(call, *user)) return *std::move(answer);
    return write([&](store::Writer& writer) -> base::Result<void> {
      if (auto gone = store::delete_user(writer, user->id, user->provenance.revision); !gone)
        return gone;
      return engine::note(writer, act_of(call), "user.delete", user->name,
                          base::to_text(to_json(*user)), "");
    });
  }

  /// One's own with the present password, anybody's for an admin.
  base::Result<Answer> set_password(Call& call) {
    const model::Principal& who = call.caller->principal;
    auto user = store().read<std::optional<model::User>>([&](store::Reader& reader) {
      return base::Result(store::find_user(reader, call.in_path("user")));
    });
    if (!user) return user.error();
    const bool own = *user && (*user)->id == who.user;
    const bool admin = model::may(who, Action::user_write, {});
    if (!*user || (!own && !admin)) return no_such("user", call.in_path("user"));
    if (own) {
      const base::Secret present(text_of(call.body, "present_password"));
      auto known = resources_.authenticator.log_in((*user)->name, present, call.request.peer);
      if (!known)
        return Error{
            .code = known.error().code == Code::unauthorized ? Code::forbidden : known.error().code,
            .message = "the present password is wrong",
            .where = "/present_password"};
    }
    const auto hash = base::hash_password(base::Secret(text_of(call.body, "password")));
    return write([&](store::Writer& writer) -> base::Result<void> {
      if (auto set = store::set_password_hash(writer, (*user)->id, hash); !set) return set;
      return engine::note(writer, act_of(call), "user.password", (*user)->name, "", "");
    });
  }

 private:
  base::Result<model::User> user_in_path(const Call& call) {
    return store().read<model::User>([&](store::Reader& reader) -> base::Result<model::User> {
      auto user = store::find_user(reader, call.in_path("user"));
      if (!user) return no_such("user", call.in_path("user"));
      return *std::move(user);
    });
  }

  std::string cookie(const std::string& value, const Call& call, std::int64_t seconds) const {
    std::string out(session_cookie);
    out += "=" + value + "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds);
    const std::string& url = resources_.daemon.settings()->server.public_url;
    const Peer& peer = call.request.peer;
    if (peer.tls || peer.https_to_proxy || url.starts_with("https:")) out += "; Secure";
    return out;
  }

  base::Result<Answer> sign_in_answer(Call& call, const model::User& user, int status) {
    const base::Secret secret = base::random_token("pts_");
    const std::int64_t idle = resources_.daemon.settings()->auth.session_idle.count();
    auto written = store().write([&](store::Writer& writer) -> base::Result<void> {
      store::Session session;
      session.user = user.id;
      session.idle_until_ms = store().now() + idle;
      if (auto made = store::insert_session(writer, base::sha256(secret.reveal()), session); !made)
        return made;
      engine::Act act = act_of(call);
      act.actor = user.name;
      return engine::note(writer, act, "session.create", user.name, "", "");
    });
    if (!written) return written.error();
    Answer answer = json_answer(to_json(user), status);
    answer.headers.push_back({"Set-Cookie", cookie(secret.reveal(), call, idle / 1000)});
    return answer;
  }

  /// Failed logins stand in the audit too.
  base::Result<Answer> refused(Call& call, const std::string& action, const std::string& name,
                               Error error) {
    model::AuditEntry entry;
    entry.actor = name;
    entry.action = action;
    entry.subject = name;
    entry.remote = call.request.peer.address;
    entry.request_id = call.request.id;
    entry.outcome = std::string(to_string(error.code));
    // Guesses that were not even tried would fill the disk.
    if (error.code != Code::rate_limited && error.code != Code::unavailable)
      (void)store().write([&](store::Writer& writer) { return store::add_audit(writer, entry); });
    return error;
  }
};

void add_components(Routes& routes) {
  routes.component("SetUp", R"({"type": "object", "additionalProperties": false,
    "required": ["token", "name", "password"], "properties": {
      "token": {"type": "string", "maxLength": 200, "x-secret": true,
        "description": "What portolan serve printed at its first start."},
      "name": {"type": "string", "pattern": "^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$"},
      "password": {"type": "string", "minLength": 12, "maxLength": 1000, "x-secret": true}}})");
  routes.component("Login", R"({"type": "object", "additionalProperties": false,
    "required": ["name", "password"], "properties": {
      "name": {"type": "string", "maxLength": 200},
      "password": {"type": "string", "maxLength": 1000, "x-secret": true}}})");
  routes.component("NewUser", R"({"type": "object", "additionalProperties": false,
    "required": ["name"], "properties": {
      "name": {"type": "string", "pattern": "^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$"},
      "display_name": {"type": "string", "maxLength": 200},
      "admin": {"type": "boolean", "default": false},
      "auditor": {"type": "boolean", "default": false},
      "password": {"type": "string", "minLength": 12, "maxLength": 1000, "x-secret": true,
        "description": "Without one the user cannot sign in, only use tokens."}}})");
  routes.component("UserChange", R"({"type": "object", "additionalProperties": false,
    "properties": {
      "display_name": {"type": "string", "maxLength": 200},
      "admin": {"type": "boolean"}, "auditor": {"type": "boolean"},
      "disabled": {"type": "boolean"}}})");
  routes.component("PasswordChange", R"({"type": "object", "additionalProperties": false,
    "required": ["password"], "properties": {
      "present_password": {"type": "string", "maxLength": 1000, "x-secret": true,
        "description": "Of one's own account."},
      "password": {"type": "string", "minLength": 12, "maxLength": 1000, "x-secret": true}}})");
}

const char* const user_schema = R"({"type": "object", "required": ["name", "display_name", "admin",
    "auditor", "disabled", "created_at", "created_by"], "properties": {
      "name": {"type": "string"}, "display_name": {"type": ["string", "null"]},
      "admin": {"type": "boolean"}, "auditor": {"type": "boolean"},
      "disabled": {"type": "boolean"},
      "created_at": {"type": ["string", "null"], "format": "date-time"},
      "created_by": {"type": ["string", "null"]}}})";

void add_answers(Routes& routes) {
  routes.component("User", user_schema);
  routes.component("Users", list_of("User"));
  routes.component("Me", R"({"allOf": [{"$ref": "#/components/schemas/User"},
      {"type": "object", "required": ["workspaces", "ends_at"], "properties": {
        "workspaces": {"type": "array", "items": {"type": "object",
          "required": ["workspace", "role"], "properties": {
            "workspace": {"type": "string"}, "role": {"type": "string"}}}},
        "ends_at": {"type": ["string", "null"], "format": "date-time"}}}]})");
}

void add_sessions(const Table<Accounts>& table) {
  table
      .post("/setup", &Accounts::set_up, "setUp",
            "Make the first admin with the one-time set-up token")
      .body("SetUp")
      .gives(201, "User", "The admin, signed in by the cookie")
      .open_to_all();
  table
      .post("/session", &Accounts::log_in, "signIn",
            "Sign in for the session cookie of the console")
      .body("Login")
      .gives(201, "User", "Signed in; the cookie is HttpOnly and SameSite=Strict")
      .open_to_all();
  table.remove("/session", &Accounts::log_out, "signOut", "End the session")
      .gives(204, "", "Signed out");
  table.get("/me", &Accounts::me, "showMe", "Who am I, and what am I where")
      .gives(200, "Me", "The caller");
}

void add_users(const Table<Accounts>& table) {
  table.get("", &Accounts::list, "listUsers", "List users")
      .paged()
      .takes({search_parameter()})
      .gives(200, "Users", "A page")
      .needs("user.read");
  table.post("", &Accounts::create, "createUser", "Add a user")
      .body("NewUser")
      .gives(201, "User", "The user")
      .needs("user.write");
}

void add_user(const Table<Accounts>& table) {
  table.get("", &Accounts::show, "showUser", "Show a user")
      .gives(200, "User", "The user")
      .needs("user.read");
  table.patch("", &Accounts::update, "updateUser", "Change roles, or disable")
      .body("UserChange")
      .gives(200, "User", "As it is now")
      .needs("user.write");
  table.remove("", &Accounts::remove, "deleteUser", "Remove a user")
      .says("His tokens and sessions end at once. The last admin stays.")
      .gives(204, "", "Removed")
      .needs("user.write");
  table.put("/password", &Accounts::set_password, "setPassword", "Set a password")
      .says("All sessions of the user end.")
      .body("PasswordChange")
      .gives(204, "", "Set");
}

}  // namespace

void add_account_routes(Routes& routes, Resources& resources) {
  add_components(routes);
  add_answers(routes);
  const Table<Accounts> table(routes, resources);
  add_sessions(table.at({.tag = "account"}));
  add_users(table.at({.tag = "users", .path = "/users"}));
  add_user(table.at({.tag = "users",
                     .path = "/users/{user}",
                     .parameters = {path_parameter("user", "Name of the user", name_schema)}}));
}

}  // namespace portolan::api
