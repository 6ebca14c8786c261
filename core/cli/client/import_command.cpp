/// The registries of documents, put into a daemon.
#include <iostream>

#include "cli/client/client.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "cli/render.h"
#include "cli/targets.h"
#include "services/vault.h"

namespace portolan::cli {
namespace {

using base::Json;

void put_text(Json& object, const char* key, const std::string& text) {
  if (!text.empty()) object.set(key, Json::string(text));
}

/// The body of POST /registries. Secrets were resolved here, on the side that owns them.
Json draft_json(const model::Registry& registry, const std::string& manager) {
  Json credentials = Json::object();
  put_text(credentials, "username", registry.credentials.username);
  put_text(credentials, "password", registry.credentials.password.reveal());
  if (!registry.credentials.trusted_realms.empty()) {
    Json realms = Json::array();
    for (const std::string& realm : registry.credentials.trusted_realms)
      realms.push(Json::string(realm));
    credentials.set("trusted_realms", std::move(realms));
  }
  Json tls = Json::object();
  put_text(tls, "ca", registry.tls.ca_pem);
  put_text(tls, "client_certificate", registry.tls.client_certificate_pem);
  put_text(tls, "client_key", registry.tls.client_key_pem.reveal());
  put_text(tls, "minimum_version", registry.tls.minimum_version);
  put_text(tls, "pin_sha256", registry.tls.pin_sha256);
  tls.set("skip_verify", Json::boolean(registry.tls.skip_verify));
  Json timeouts = Json::object();
  timeouts.set("connect_ms", Json::integer(registry.timeouts.connect.count()));
  timeouts.set("request_ms", Json::integer(registry.timeouts.request.count()));
  timeouts.set("validation_ms", Json::integer(registry.timeouts.validation.count()));
  timeouts.set("statistics_ms", Json::integer(registry.timeouts.statistics.count()));
  Json out = Json::object();
  out.set("name", Json::string(registry.name));
  out.set("type", Json::string(registry.type));
  out.set("address", Json::string(registry.address));
  put_text(out, "proxy", registry.proxy);
  out.set("allow_plain_http", Json::boolean(registry.allow_plain_http));
  out.set("credentials", std::move(credentials));
  out.set("tls", std::move(tls));
  out.set("timeouts", std::move(timeouts));
  if (auto options = base::parse_json(registry.options_json)) out.set("options", *options);
  out.set("managed_by", Json::string(manager));
  return out;
}

}  // namespace

int import_registries(Session& session) {
  const Targets targets = read_targets(session);
  if (targets.exit_code != exit_ok) return targets.exit_code;
  auto client = Client::open(session);
  if (!client) return session.fail(client.error(), client_exit_code(client.error()));
  std::vector<std::vector<std::string>> rows;
  std::size_t failed = 0;
  for (const engine::Target& target : targets.list) {
    const std::string workspace = target.workspace;
    const std::string scope =
        workspace.empty() ? "" : "/workspaces/" + services::percent_encoded(workspace);
    auto reply = client->send(
        "POST", "/api/v1" + scope + "/registries?validate=" + session.args().value("validate"),
        draft_json(target.registry, "import"));
    if (!reply) {
      ++failed;
      session.fail(reply.error(), exit_failed);
      if (const int code = client_exit_code(reply.error());
          code == exit_denied || code == exit_unavailable)
        return code;
    }
    rows.push_back({target.registry.name, reply ? "integrated" : "failed"});
  }
  session.terminal().out << text_table({"REGISTRY", "OUTCOME"}, rows);
  if (failed == 0) return exit_ok;
  return failed == targets.list.size() ? exit_failed : exit_partly;
}

}  // namespace portolan::cli
