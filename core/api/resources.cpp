#include "api/resources.h"

#include "api/conditional.h"
#include "base/crypto.h"
#include "store/jobs.h"
#include "store/tenants.h"

namespace portolan::api {

using base::Code;
using base::Error;

RunningKeys::Claim RunningKeys::claim(model::Id user, const std::string& key) {
  base::Lock lock(mutex_);
  const auto [at, fresh] = running_.insert({user, key});
  if (!fresh) return nullptr;
  return Claim(&*at, [this](const Key* mine) {
    base::Lock inner(mutex_);
    running_.erase(running_.find(*mine));
  });
}

std::string text_of(const base::Json& body, std::string_view key) {
  const base::Json* value = body.find(key);
  const std::string* text = value ? value->as_string() : nullptr;
  return text ? *text : std::string();
}

engine::Act act_of(const Call& call) {
  engine::Act act;
  act.remote = call.request.peer.address;
  act.request_id = call.request.id;
  if (!call.caller) return act;
  act.actor = call.caller->principal.name;
  act.platform_admin = call.caller->principal.admin;
  return act;
}

Error no_such(std::string_view what, const std::string& name) {
  return {.code = Code::not_found,
          .message = "there is no " + std::string(what) + " " + name + " that you may see"};
}

std::optional<Error> refuse(const Call& call, model::Action action,
                            std::optional<model::Id> workspace, model::Action see,
                            std::string_view what, const std::string& name) {
  const model::Principal& who = call.caller->principal;
  if (model::may(who, action, workspace)) return {};
  if (!model::may(who, see, workspace)) return no_such(what, name);
  return Error{.code = Code::forbidden,
               .message = who.name + " may not " + std::string(to_string(action)) + " here",
               .hint = "Ask an admin for the role, or use a token with that scope."};
}

base::Result<model::Workspace> workspace_for(const Resources& resources, const Call& call,
                                             model::Action action, const std::string& name) {
  using Found = std::optional<model::Workspace>;
  auto found = resources.daemon.store.read<Found>([&](store::Reader& reader) {
    return base::Result<Found>(store::find_workspace(reader, name));
  });
  if (!found) return found.error();
  if (!*found) return no_such("workspace", name);
  if (auto no =
          refuse(call, action, (*found)->id, model::Action::workspace_read, "workspace", name))
    return *no;
  return **std::move(found);
}

base::Result<Answer> once(const Resources& resources, const Call& call,
                          const std::function<base::Result<Answer>()>& body) {
  const IdempotencyKey given = idempotency_key(call.request);
  if (given.wrong)
    return Error{.code = Code::invalid_argument,
                 .message = given.wrong->detail,
                 .hint = given.wrong->hint,
                 .where = "Idempotency-Key"};
  if (given.key.empty()) return body();
  const model::Id user = call.caller->principal.user;
  const std::string request_hash = base::hex(
      base::sha256(call.request.method + " " + call.request.path + "\n" + call.request.body));
  const RunningKeys::Claim claim = resources.running_keys->claim(user, given.key);
  if (!claim)
    return Error{.code = Code::conflict,
                 .message = "a request with this Idempotency-Key is being answered",
                 .hint = "Wait for its answer.",
                 .where = "Idempotency-Key"};
  using Kept = std::optional<store::Remembered>;
  auto kept = resources.daemon.store.read<Kept>([&](store::Reader& reader) {
    return base::Result<Kept>(store::recall(reader, user, given.key));
  });
  if (!kept) return kept.error();
  if (*kept) {
    if ((*kept)->request_hash != request_hash)
      return Error{.code = Code::conflict,
                   .message = "this Idempotency-Key came with another request before",
                   .hint = "Use a new key for a new request.",
                   .where = "Idempotency-Key"};
    Answer again;
    again.status = (*kept)->status;
    again.headers = {{"Content-Type", "application/json"}, {"Idempotent-Replayed", "true"}};
    if (!(*kept)->location.empty()) again.headers.push_back({"Location", (*kept)->location});
    again.body = std::make_shared<const std::string>((*kept)->body);
    return again;
  }
  auto answer = body();
  if (!answer) return answer;
  store::Remembered now{request_hash, answer->status, {}, answer->body ? *answer->body : ""};
  if (const std::string* location = answer->header("location")) now.location = *location;
  auto written = resources.daemon.store.write(
      [&](store::Writer& writer) { return store::remember(writer, user, given.key, now); });
  if (!written) return written.error();
  return answer;
}

std::optional<Answer> unless_match(Call& call, const std::string& etag) {
  const auto problem = check_if_match(call.request, etag);
  if (!problem) return {};
  return to_answer(*problem, call.request);
}

std::string key_of_id(model::Id id) {
  std::string digits = std::to_string(id);
  return std::string(20 - digits.size(), '0') + digits;
}

Answer no_content() { return {.status = 204}; }

base::Result<store::PageRequest> page_request(const Call& call, std::string_view list) {
  const auto page = read_page(call, list);
  if (!page) return page.error();
  store::PageRequest out;
  out.limit = page->limit;
  if (!page->after.empty()) out.after = page->after.front();
  out.search = call.text("search");
  out.sort = call.text("sort");
  return out;
}

}  // namespace portolan::api
