#include "cli/check_configuration.h"

#include <sys/stat.h>
#include <unistd.h>

#include <iostream>

#include "manifest/manifest.h"
#include "net/address_policy.h"
#include "net/ip_address.h"
#include "net/trust.h"

namespace portolan::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using config::Configuration;

/// One pass over a Configuration without mistakes of its own.
class Check {
 public:
  explicit Check(const Configuration& configuration) : configuration_(configuration) {}

  std::vector<Error> run() {
    const config::DaemonSettings& is = configuration_.settings;
    rules("network.allow", is.network.allow);
    rules("network.allow-workspaces", is.network.allow_workspaces);
    proxies(is.server.trusted_proxies);
    tls(is.server);
    if (fs::exists(is.store.key_file, ignored_)) {
      read("store.key-file", is.store.key_file, privacy_of(is.store.key_file));
    } else if (configuration_.at("store.key-file").origin != "default" &&
               !fs::is_directory(is.store.key_file.parent_path(), ignored_)) {
      tell("store.key-file", "the folder of " + is.store.key_file.string() + " does not exist");
    }
    if (fs::exists(is.store.path, ignored_) && !fs::is_directory(is.store.path, ignored_))
      tell("store.path", is.store.path.string() + " is no directory");
    for (const auto& each : is.plugins.directories) {
      if (!fs::is_directory(each, ignored_))
        tell("plugins.directories", each.string() + " is no directory");
    }
    return std::move(found_);
  }

 private:
  void tell(const std::string& setting, const std::string& message, std::string hint = {}) {
    const std::string& origin = configuration_.at(setting).origin;
    found_.push_back({.code = base::Code::invalid_config,
                      .message = setting + ": " + message,
                      .hint = std::move(hint),
                      .where = origin == "default" ? "" : origin});
  }

  /// systemd opens the folder of credentials to the unit's user alone, and gives the files an
  /// access list whose mask shows as a group's right.
  static manifest::Privacy privacy_of(const fs::path& file) {
    const auto credentials = config::process_environment()("CREDENTIALS_DIRECTORY").value_or("");
    const bool credential = !credentials.empty() && file.parent_path() == fs::path(credentials);
    return credential ? manifest::Privacy::open : manifest::Privacy::secret;
  }

  void rules(const std::string& setting, const std::vector<std::string>& rules) {
    for (const auto& rule : rules) {
      const auto policy = net::AddressPolicy::make(false, {rule});
      if (!policy) tell(setting, policy.error().message, policy.error().hint);
    }
  }

  void proxies(const std::vector<std::string>& list) {
    for (const auto& each : list) {
      std::string expected;
      if (each != "unix" && !net::parse_network(each, expected))
        tell("server.trusted-proxies", '"' + each + "\" names no proxy",
             "write " + expected + ", or unix");
    }
  }

  /// Empty, and told, when it cannot be read.
  base::Secret read(const std::string& setting, const fs::path& file, manifest::Privacy privacy) {
    const base::Json reference =
        base::Json::object({{"file", base::Json::string(fs::absolute(file).string())}});
    auto text = manifest::read_reference(reference, "/", privacy, {{}, std::cin});
    if (text) return *std::move(text);
    tell(setting, text.error().message, text.error().hint);
    return {};
  }

  void tls(const config::DaemonSettings::Server& server) {
    using manifest::Privacy;
    model::Tls own, clients;
    if (!server.tls_certificate.empty()) {
      own.client_certificate_pem =
          read("server.tls-certificate", server.tls_certificate, Privacy::open).reveal();
      own.client_key_pem = read("server.tls-key", server.tls_key, privacy_of(server.tls_key));
      if (!own.client_certificate_pem.empty() && !own.client_key_pem.empty()) {
        judge("server.tls-certificate", own);
      }
    }
    if (!server.client_ca.empty()) {
      clients.ca_pem = read("server.client-ca", server.client_ca, Privacy::open).reveal();
      if (!clients.ca_pem.empty()) judge("server.client-ca", clients);
    }
  }

  void judge(const std::string& setting, const model::Tls& tls) {
    const auto trust = net::read_trust(tls);
    if (trust) return;
    // The words of a client; here the pair is the server's own.
    std::string message = trust.error().message;
    for (std::size_t at = 0; (at = message.find("client ", at)) != std::string::npos;)
      message.erase(at, 7);
    tell(setting, message, trust.error().hint);
  }

  const Configuration& configuration_;
  std::vector<Error> found_;
  std::error_code ignored_;
};

}  // namespace

std::vector<Error> check_configuration(const Configuration& configuration) {
  if (!configuration.mistakes.empty()) return configuration.mistakes;
  return Check(configuration).run();
}

}  // namespace portolan::cli
