#include "services/authentication/authentication.h"

#include <algorithm>

#include "services/request.h"
#include "services/upstream.h"

namespace portolan::services {

using base::Code;
using base::Error;
using base::Result;

Authentication::Authentication(Upstream& upstream, const Order& order)
    : upstream_(upstream), order_(order) {
  if (order.auth == PORTOLAN_AUTH_BASIC) send_basic_ = order.credential != nullptr;
  if (order.auth != PORTOLAN_AUTH_DOCKER_TOKEN) return;

  const auto manner = upstream.manner();
  if (!manner) return;
  if (manner->basic) {
    send_basic_ = order.credential != nullptr;
    return;
  }
  Grant grant{manner->realm, manner->service, order.scopes};
  const bool useful = !order.scopes.empty() || upstream.tokens().has(grant.key(handle()));
  if (useful && check_realm(grant.realm)) grant_ = std::move(grant);
}

std::string_view Authentication::handle() const {
  return order_.credential ? std::string_view(order_.credential->handle) : anonymous_handle;
}

std::string Authentication::login() const {
  return order_.credential ? grant_->login(handle()) : "";
}

void Authentication::accept(Token token, bool fresh) {
  token_ = std::move(token);
  fresh_ = fresh;
}

void Authentication::attach(std::vector<net::Header>& headers) const {
  if (token_) {
    headers.push_back({"Authorization", "Bearer " + token_->value.reveal()});
  } else if (send_basic_) {
    headers.push_back({"Authorization", order_.credential->basic.reveal()});
  } else if (order_.credential && order_.auth == PORTOLAN_AUTH_BEARER) {
    headers.push_back({"Authorization", "Bearer " + order_.credential->secret.reveal()});
  } else if (order_.credential && order_.auth == PORTOLAN_AUTH_HEADER) {
    headers.push_back({order_.auth_header, order_.credential->secret.reveal()});
  }
}

Proof Authentication::proof() const {
  if (token_) return Proof::token;
  const bool lets_challenge = order_.auth == PORTOLAN_AUTH_DOCKER_TOKEN && !send_basic_;
  return order_.credential && !lets_challenge ? Proof::secret : Proof::nothing;
}

std::string_view Authentication::kind() const {
  if (token_) return "token";
  if (send_basic_) return "basic";
  if (!order_.credential) return "none";
  return order_.auth == PORTOLAN_AUTH_BEARER   ? "bearer"
         : order_.auth == PORTOLAN_AUTH_HEADER ? "header"
                                               : "none";
}

Result<bool> Authentication::answer(const std::vector<net::Header>& headers) {
  if (order_.auth != PORTOLAN_AUTH_DOCKER_TOKEN || answered_ == 2) return false;
  std::vector<Challenge> challenges;
  for (const auto& header : headers) {
    if (header.name == "www-authenticate") parse_challenges(header.value, challenges);
  }
  for (const auto& challenge : challenges) {
    if (challenge.scheme != "bearer" || challenge.get("realm").empty()) continue;
    return answer_bearer(challenge.get("realm"), challenge.get("service"), challenge.get("scope"));
  }
  const bool basic = std::any_of(challenges.begin(), challenges.end(),
                                 [](const auto& challenge) { return challenge.scheme == "basic"; });
  if (!basic || send_basic_ || !order_.credential) return false;
  ++answered_;
  send_basic_ = true;
  grant_.reset();
  token_.reset();
  upstream_.remember({.basic = true, .realm = {}, .service = {}});
  return true;
}

Result<bool> Authentication::answer_bearer(std::string_view realm, std::string_view service,
                                           std::string_view scope) {
  // A path is of the registry itself; a mere word ("Registry Realm") would resolve, too, to
  // nothing.
  const bool is_url = realm.front() == '/' || realm.find("://") != realm.npos;
  auto url = base::resolve(order_.url, realm);
  if (!is_url || !url) {
    return Error{.code = Code::protocol,
                 .message = "the registry's challenge names a realm that is no URL",
                 .hint = "Check the registry's token authentication settings.",
                 .where = order_.url.text_without_query()};
  }
  if (auto allowed = check_realm(*url); !allowed) return std::move(allowed).error();

  Grant wanted{*std::move(url), std::string(service), order_.scopes};
  add_scopes(wanted.scopes, scope);
  const bool same_grant = grant_ && grant_->realm == wanted.realm &&
                          grant_->service == wanted.service && grant_->covers(wanted.scopes);
  if (token_ && fresh_ && same_grant) return false;
  ++answered_;
  if (token_) refused_ = token_->value;
  upstream_.remember({.basic = false, .realm = wanted.realm, .service = wanted.service});
  grant_ = std::move(wanted);
  token_.reset();
  send_basic_ = false;
  return true;
}

Result<void> Authentication::check_realm(const base::Url& realm) const {
  const auto refuse = [&](std::string message, std::string hint) {
    return Error{.code = Code::policy,
                 .message = std::move(message),
                 .hint = std::move(hint),
                 .where = realm.text_without_query()};
  };
  if (upstream_.is_own(realm)) return {};
  if (upstream_.base().scheme == "https" && realm.scheme != "https") {
    return refuse("the registry sends to a token service over plain http: " + realm.origin(),
                  "Give the registry's token realm an https address.");
  }
  if (!order_.credential) return {};
  if (!upstream_.is_trusted_realm(realm)) {
    return refuse(
        "the registry asks for the password to be sent to another place: " + realm.origin(),
        "If that token service is right, name it: credentials.trustedRealms: [" + realm.origin() +
            "] in a document, `--trusted-realm` on the command line.");
  }
  const bool in_clear = realm.scheme == "http" && !realm.is_loopback_literal();
  if (in_clear && !upstream_.registry().allow_plain_http) {
    return refuse(
        "the password would travel over plain http to " + realm.authority(),
        "Use https for the token service; or accept it with `allowPlainHttp: true` in the "
        "file or `--allow-plain-http` on the command line.");
  }
  return {};
}

}  // namespace portolan::services
