/// The host's own checks: address, dns, tcp, tls and http from one GET of the base without
/// credentials.
#include <array>
#include <ctime>
#include <optional>

#include "net/ip_address.h"
#include "services/call_state.h"
#include "services/upstream.h"

namespace portolan::services {
namespace {

using base::Code;
using base::Error;
using base::Steady;
using model::Check;
using model::CheckState;
using net::Event;
using net::Facts;
using namespace std::chrono_literals;

constexpr auto stage_grace = 100ms;  // For the transport to say where it was when time ran out.
constexpr auto body_patience = 1s;   // Nobody needs the body; read it for the connection's sake.
constexpr std::int64_t certificate_warning = 21 * 24 * 3600;

/// What the exchange told.
struct Finding {
  int status = 0;
  Facts facts;
  std::optional<Error> error;
  std::int64_t elapsed_us = 0;
};

std::string day(std::int64_t unix_seconds) {
  const std::time_t time = unix_seconds;
  std::tm parts{};
  char text[32];
  gmtime_r(&time, &parts);
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &parts)};
}

std::string milliseconds_text(std::int64_t us) {
  return std::to_string(us / 1000) + "." + std::to_string(us / 100 % 10) + " ms";
}

Check check(std::string_view name, CheckState state, std::string message) {
  Check check;
  check.name = name;
  check.state = state;
  check.message = std::move(message);
  return check;
}

Check warned(Check check, Code code, std::string message, std::string hint) {
  check.state = CheckState::warn;
  check.code = code;
  check.message = std::move(message);
  check.hint = std::move(hint);
  return check;
}

/// The probe of one registry: makes the request, then reads the finding into checks.
class Examination {
 public:
  Examination(Upstream& upstream, const base::Deadline& deadline, const Log& log)
      : upstream_(upstream),
        deadline_(deadline),
        log_(log),
        inbox_(upstream.transport().inbox()),
        url_(upstream.base()) {
    deadline_.cancel.on_cancel([weak = std::weak_ptr(inbox_)] {
      if (const auto inbox = weak.lock()) inbox->wake();
    });
  }

  Probe run() {
    const auto slot = await_slot();
    if (slot) {
      ask();
    } else {
      finding_.error = ended_early(deadline_.cancel.cancelled() ? Code::cancelled : Code::timeout);
    }
    Probe probe;
    probe.reached = read(probe.checks);
    for (auto& each : probe.checks) redact(each);
    return probe;
  }

 private:
  bool over() const { return deadline_.cancel.cancelled() || deadline_.passed(); }

  Slot await_slot() {
    upstream_.slots().queue(inbox_);
    for (;;) {
      if (auto slot = upstream_.slots().take(inbox_, true)) return slot;
      if (over()) break;
      inbox_->next(deadline_.at);
    }
    upstream_.slots().leave(inbox_);
    return {};
  }

  /// On connections of its own: a reused one would show nothing of dns, tcp and tls.
  void ask() {
    auto channel = upstream_.transport().open(upstream_.own_channel());
    if (!channel) {
      finding_.error = std::move(channel).error();
      finding_.facts.reached = Facts::Stage::tls;
      return;
    }
    net::Request request;
    request.url = url_;
    request.timeout = upstream_.registry().timeouts.request;
    request.deadline = deadline_.at;
    const auto began = Steady::now();
    (*channel)->start(1, std::move(request), inbox_);
    listen(began);
    (*channel)->abort(1, inbox_);
    ExchangeNote note{
        .what = "probe", .method = "GET", .url = url_, .status = finding_.status, .began = began};
    if (finding_.error) note.error = finding_.error->code;
    upstream_.note(log_, note);
  }

  void listen(Steady::time_point began) {
    auto until = deadline_.at;
    if (until != Steady::time_point::max()) until += stage_grace;
    while (!deadline_.cancel.cancelled() && Steady::now() < until) {
      auto event = inbox_->next(until);
      if (!event || event->kind == Event::Kind::body) continue;
      finding_.facts = event->facts;
      if (event->kind == Event::Kind::done) {
        if (finding_.status == 0) finding_.error = std::move(event->error);
        return;
      }
      finding_.status = event->status;
      finding_.elapsed_us =
          std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - began).count();
      until = std::min(until, Steady::now() + body_patience);
    }
    if (finding_.status == 0) {
      finding_.error = ended_early(deadline_.cancel.cancelled() ? Code::cancelled : Code::timeout);
    }
  }

  /// Appends the five checks; false when one failed.
  bool read(std::vector<Check>& checks) {
    const std::array steps{std::pair{"address", Facts::Stage::policy},
                           std::pair{"dns", Facts::Stage::dns}, std::pair{"tcp", Facts::Stage::tcp},
                           std::pair{"tls", Facts::Stage::tls},
                           std::pair{"http", Facts::Stage::http}};
    bool failed = false;
    for (const auto& [name, stage] : steps) {
      if (failed) {
        checks.push_back(check(name, CheckState::skipped, "an earlier step failed"));
      } else if (finding_.error && stage == failing_stage()) {
        checks.push_back(failure(name));
        failed = true;
      } else if (finding_.error && stage >= finding_.facts.reached) {
        checks.push_back(check(name, CheckState::skipped, "it did not come to that"));
      } else {
        checks.push_back(passed(stage));
      }
    }
    return !failed;
  }

  /// Steps that this registry's way does not show hand their failures to the next one that does.
  Facts::Stage failing_stage() const {
    auto stage = std::min(finding_.facts.reached, Facts::Stage::http);
    if (through_proxy() && (stage == Facts::Stage::dns || stage == Facts::Stage::tcp)) {
      return Facts::Stage::http;
    }
    return stage == Facts::Stage::tls && url_.scheme == "http" ? Facts::Stage::http : stage;
  }

  bool through_proxy() const { return !upstream_.registry().proxy.empty(); }

  Check failure(const char* name) const {
    Check failed = check(name, CheckState::fail, finding_.error->message);
    failed.code = finding_.error->code;
    failed.hint = finding_.error->hint;
    failed.evidence = evidence(finding_.facts.remote_address);
    return failed;
  }

  model::Evidence evidence(std::string detail) const {
    return {.method = "GET",
            .url = url_.text_without_query(),
            .status = finding_.status,
            .elapsed_us = finding_.status ? finding_.elapsed_us : finding_.facts.total_us,
            .detail = std::move(detail)};
  }

  Check passed(Facts::Stage stage) const {
    switch (stage) {
      case Facts::Stage::policy:
        return check("address", CheckState::ok, "the address reads " + upstream_.base().text());
      case Facts::Stage::dns: return dns();
      case Facts::Stage::tcp: return tcp();
      case Facts::Stage::tls: return url_.scheme == "https" ? tls() : no_tls();
      case Facts::Stage::http:
      case Facts::Stage::done: break;
    }
    auto http = check("http", CheckState::ok,
                      "the registry answers; status " + std::to_string(finding_.status));
    http.evidence = evidence(milliseconds_text(finding_.elapsed_us));
    return http;
  }

  Check dns() const {
    if (through_proxy()) return check("dns", CheckState::skipped, "the proxy resolves the name");
    const auto& facts = finding_.facts;
    const bool literal = net::parse_ip(url_.host).has_value();
    auto dns = check(
        "dns", CheckState::ok,
        literal ? "the address has no name to resolve" : "the name " + url_.host + " resolves");
    dns.evidence = model::Evidence{};
    dns.evidence->elapsed_us = facts.dns_us;
    dns.evidence->detail = facts.remote_address;
    return dns;
  }

  Check tcp() const {
    if (through_proxy()) return check("tcp", CheckState::skipped, "the proxy connects");
    const auto& facts = finding_.facts;
    auto tcp =
        check("tcp", CheckState::ok, "a connection to " + facts.remote_address + " was made");
    tcp.evidence = model::Evidence{};
    tcp.evidence->elapsed_us = facts.connect_us;
    tcp.evidence->detail = facts.remote_address;
    return tcp;
  }

  Check no_tls() const {
    auto tls = check("tls", CheckState::skipped, "the address is plain http");
    if (!upstream_.registry().credentials.given() || url_.is_loopback_literal()) return tls;
    return warned(std::move(tls), Code::policy,
                  "the password travels over plain http, readable by all",
                  "Give the registry https, then remove `allowPlainHttp`.");
  }

  Check tls() const {
    const auto& facts = finding_.facts;
    const auto ends = facts.certificate_ends;
    auto tls = check("tls", CheckState::ok, "the certificate is trusted");
    tls.evidence = model::Evidence{};
    tls.evidence->elapsed_us = facts.tls_us;
    tls.evidence->detail = facts.tls_version;
    if (ends != 0) {
      tls.evidence->detail += ", certificate until " + day(ends);
      tls.message = "the certificate is trusted and good until " + day(ends);
    }
    if (upstream_.registry().tls.skip_verify) {
      return warned(
          std::move(tls), Code::tls,
          "CERTIFICATE NOT VERIFIED: anybody on the way can read and change everything",
          "Give the registry's CA (`tls.caFrom`, `--ca`) instead of skipping verification.");
    }
    const auto left = ends - std::time(nullptr);
    if (ends == 0 || left >= certificate_warning) return tls;
    const auto days = std::to_string(std::max<std::int64_t>(left, 0) / (24 * 3600));
    return warned(std::move(tls), Code::tls,
                  "the certificate ends on " + day(ends) + ", in " + days + " days",
                  "Renew the registry's certificate.");
  }

  void redact(Check& each) const {
    auto& vault = upstream_.vault();
    for (auto* text : {&each.message, &each.hint}) *text = vault.redact(std::move(*text));
    if (each.evidence) each.evidence->detail = vault.redact(std::move(each.evidence->detail));
  }

  Upstream& upstream_;
  const base::Deadline& deadline_;
  const Log& log_;
  const std::shared_ptr<net::Inbox> inbox_;
  const base::Url url_;
  Finding finding_;
};

}  // namespace

Probe Upstream::probe(const base::Deadline& deadline, const Log& log) {
  return Examination(*this, deadline, log).run();
}

}  // namespace portolan::services
