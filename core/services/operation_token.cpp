/// The part of an operation that has a token fetched, or waits for another operation's fetch.
#include <ctime>
#include <utility>

#include "services/operation.h"
#include "services/retry.h"
#include "services/upstream.h"

namespace portolan::services {

using base::Code;
using base::Steady;

void Operation::obtain_token() {
  if (leads_) return fetch_token();
  auto answer = call_.upstream().tokens().ask({.key = authentication_.key(),
                                               .login = authentication_.login(),
                                               .refused = authentication_.refused(),
                                               .waited = fetch_,
                                               .inbox = call_.inbox(),
                                               .patience = order_.timeout});
  fetch_ = nullptr;
  if (answer.token) {
    authentication_.accept(*std::move(answer.token), answer.fresh);
    request();
  } else if (answer.error) {
    fail_later(*std::move(answer.error));
  } else if (answer.lead) {
    fetch_ = std::move(answer.lead);
    leads_ = true;
    fetch_token();
  } else {
    fetch_ = std::move(answer.wait);
    due_ = fetch_->began + order_.timeout;
    go(Phase::awaiting);
  }
}

void Operation::fetch_token() {
  net::Request request;
  request.url = token_url(authentication_.grant());
  request.headers.push_back({"Accept", "application/json"});
  credential_ = order_.credential ? "basic" : "none";
  if (order_.credential) {
    request.headers.push_back({"Authorization", order_.credential->basic.reveal()});
  }
  request.max_body = model::limits::token_bytes;
  buffer_.clear();
  transmit(std::move(request), Phase::fetching);
}

void Operation::take_for_token(net::Event& event) {
  switch (event.kind) {
    case net::Event::Kind::head:
      status_ = event.status;
      patience_ = asked_patience(event.headers);
      break;
    case net::Event::Kind::body: buffer_ += event.bytes; break;
    case net::Event::Kind::done:
      end_exchange(event.error);
      settle_token(event);
      break;
  }
}

void Operation::settle_token(net::Event& done) {
  if (retry_after(done)) return;
  if (done.error && call_.check() != PORTOLAN_OK) return finish(&*done.error);  // Ours, not theirs.
  auto token = read_answer(done);
  leads_ = false;
  call_.upstream().tokens().settle(std::exchange(fetch_, nullptr), token);
  if (!token) return finish(&token.error());
  authentication_.accept(*std::move(token), true);
  request();
}

base::Result<Token> Operation::read_answer(net::Event& done) {
  const auto& realm = authentication_.grant().realm;
  const base::Secret text(std::exchange(buffer_, {}));
  auto error = done.error;
  if (!error && status_ == 200) {
    auto token = read_token(text.reveal(), Steady::now(), std::time(nullptr));
    if (token) return token;
    error = std::move(token).error();
  } else if (!error) {
    const auto meaning = meaning_of(status_, order_.credential ? Proof::secret : Proof::nothing);
    const bool who = meaning.code == Code::unauthorized && order_.credential;
    error.emplace();
    error->code = meaning.code == Code::ok ? Code::protocol : meaning.code;
    error->message = "the token service " + realm.origin() +
                     (who ? " refuses the user name or the password"
                          : " gives no token; it answered " + std::to_string(status_));
    error->hint = meaning.hint;
    error->http_status = status_;
  }
  if (error->where.empty()) error->where = realm.text_without_query();
  return *std::move(error);
}

}  // namespace portolan::services
