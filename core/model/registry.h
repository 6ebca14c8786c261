#pragma once
/// One external registry as somebody wrote it down: plain values, nothing resolved, nothing
/// contacted.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "model/limits.h"

namespace portolan::model {

struct Credentials {
  std::string username;
  base::Secret password;
  std::vector<std::string>
      trusted_realms;  ///< Origins a token realm may have beside the registry's own.
  bool given() const { return !username.empty() || !password.empty(); }
};

/// Everything about TLS. Contents, not file names: whoever wrote a reference has read it already.
struct Tls {
  std::string ca_pem;  ///< Replaces the system's trust when not empty.
  std::string client_certificate_pem;
  base::Secret client_key_pem;
  std::string minimum_version = "1.2";  ///< "1.2" or "1.3".
  std::string pin_sha256;    ///< Base64 of the SHA-256 of the server's public key (RFC 7469 §2.4).
  bool skip_verify = false;  ///< Reported loudly wherever the registry is shown.
};

struct Timeouts {
  std::chrono::milliseconds connect = limits::connect;
  std::chrono::milliseconds request = limits::request;
  std::chrono::milliseconds validation = limits::validation;
  std::chrono::milliseconds statistics = limits::statistics;
};

struct Registry {
  std::string name;
  std::string type;
  std::string address;  ///< As normalised by base::parse_address(): the canonical text.
  Credentials credentials;
  Tls tls;
  std::string proxy;  ///< "http://host:port", empty = none; the environment is not read.
  bool allow_plain_http =
      false;  ///< A password may travel over http to a host that is not loopback.
  std::string options_json = "{}";  ///< Has passed the type's schema.
  Timeouts timeouts;
  std::string where;  ///< "file:line:column" or "command line".
};

}  // namespace portolan::model
