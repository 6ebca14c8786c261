/// What no single setting can tell: paths that depend on who runs the program, and rules between
/// settings.
#include <algorithm>

#include "base/quantity.h"
#include "base/url.h"
#include "config/configuration.h"

namespace portolan::config {
namespace {

namespace fs = std::filesystem;
constexpr int default_port = 7070;

std::string first_of(const Environment& environment, const char* name) {
  const std::string value = environment(name).value_or("");
  return value.substr(0, value.find(':'));  // systemd separates several by colons.
}

fs::path below(const std::string& folder, const char* name) {
  return folder.empty() ? fs::path() : fs::path(folder) / name;
}

fs::path state_folder(const Environment& environment, bool root) {
  const fs::path system = "/var/lib/portolan";
  if (root) return system;
  if (auto given = first_of(environment, "STATE_DIRECTORY"); !given.empty()) return given;
  if (auto state = first_of(environment, "XDG_STATE_HOME"); !state.empty())
    return below(state, "portolan");
  const auto home = first_of(environment, "HOME");
  return home.empty() ? system : below(home, ".local/state/portolan");
}

fs::path runtime_folder(const Environment& environment, bool root) {
  if (root) return "/run/portolan";
  if (auto given = first_of(environment, "RUNTIME_DIRECTORY"); !given.empty()) return given;
  return below(first_of(environment, "XDG_RUNTIME_DIR"), "portolan");
}

fs::path key_file(const Environment& environment, const fs::path& store) {
  const fs::path credential = below(first_of(environment, "CREDENTIALS_DIRECTORY"), "portolan-key");
  std::error_code ignored;
  if (!credential.empty() && fs::exists(credential, ignored)) return credential;
  return store / "key";
}

/// The rules between settings of one Configuration.
class Rules {
 public:
  Rules(Configuration& configuration, const std::set<std::string>& bad)
      : configuration_(configuration), bad_(bad) {}

  void check() {
    const DaemonSettings& is = configuration_.settings;
    doors(is.server);
    ordered(is.auth.token_life, "auth.token-life", is.auth.token_life_max, "auth.token-life-max");
    ordered(is.robots.push_life, "robots.push-life", is.robots.push_life_max,
            "robots.push-life-max");
    ordered(is.statistics.raw, "statistics.raw", is.statistics.hourly, "statistics.hourly");
    ordered(is.statistics.hourly, "statistics.hourly", is.statistics.daily, "statistics.daily");
    must(is.limits.page <= is.limits.page_max, {"limits.page", "limits.page-max"},
         "limits.page is more than limits.page-max");
  }

 private:
  /// Told at the place of the first of `names` that has one.
  void must(bool holds, std::initializer_list<const char*> names, std::string message,
            std::string hint = {}) {
    const auto is_bad = [this](const char* name) { return bad_.count(name) != 0; };
    if (holds || std::any_of(names.begin(), names.end(), is_bad)) return;
    base::Error error{
        .code = base::Code::invalid_config, .message = std::move(message), .hint = std::move(hint)};
    for (const char* name : names) {
      const std::string& origin = configuration_.at(name).origin;
      if (error.where.empty() && origin != "default") error.where = origin;
    }
    configuration_.mistakes.push_back(std::move(error));
  }

  void ordered(milliseconds less, const char* less_name, milliseconds more, const char* more_name) {
    must(less <= more, {less_name, more_name},
         std::string(less_name) + " (" + base::duration_text(less) + ") is more than " + more_name +
             " (" + base::duration_text(more) + ")");
  }

  void doors(const DaemonSettings::Server& server) {
    must(server.tls_certificate.empty() == server.tls_key.empty(),
         {"server.tls-certificate", "server.tls-key"},
         "server.tls-certificate and server.tls-key go together", "Set both or none.");
    must(!server.client_certificate_required || !server.client_ca.empty(),
         {"server.client-certificate-required", "server.client-ca"},
         "certificates of clients are required and nobody is trusted to sign them",
         "Set server.client-ca.");
    for (const ListenAddress& each : server.listen) {
      if (!each.unix_path.empty()) continue;
      const base::Url url{.scheme = "http", .host = each.address, .port = each.port};
      must(!each.tls || !server.tls_certificate.empty(),
           {"server.listen", "server.tls-certificate"},
           "server.listen: https://" + url.authority() + " needs a certificate",
           "Set server.tls-certificate and server.tls-key.");
      must(each.tls || url.is_loopback_literal() || server.allow_plain_http,
           {"server.listen", "server.allow-plain-http"},
           "server.listen: " + url.text() + " would let plain HTTP leave this machine",
           "Write https:// with server.tls-certificate, or server.allow-plain-http = true behind "
           "a proxy that ends TLS.");
    }
  }

  Configuration& configuration_;
  const std::set<std::string>& bad_;
};

}  // namespace

void fill_paths(DaemonSettings& settings, const Environment& environment, bool root) {
  if (settings.server.listen.empty()) {
    settings.server.listen.push_back({.address = "127.0.0.1", .port = default_port});
    if (const auto folder = runtime_folder(environment, root); !folder.empty())
      settings.server.listen.push_back({.unix_path = folder / "portolan.sock"});
  }
  if (settings.store.path.empty()) settings.store.path = state_folder(environment, root);
  if (settings.store.key_file.empty())
    settings.store.key_file = key_file(environment, settings.store.path);
}

void check_settings(Configuration& configuration, const std::set<std::string>& bad) {
  Rules(configuration, bad).check();
}

}  // namespace portolan::config
