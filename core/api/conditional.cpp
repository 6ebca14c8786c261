#include "api/conditional.h"

#include <algorithm>

#include "api/target.h"
#include "base/crypto.h"

namespace portolan::api {
namespace {

using std::string_view;

string_view trimmed(string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

constexpr char before_body = ':';  // percent_encode() leaves none in a revision.
constexpr std::size_t digits_of_body = 16;

/// The tag without what it says of a body.
std::string row_of(string_view etag) {
  const std::size_t body = etag.find(before_body);
  if (body == string_view::npos) return std::string(etag);
  return std::string(etag.substr(0, body)) + '"';
}

string_view opaque(string_view etag) { return etag.substr(0, 2) == "W/" ? etag.substr(2) : etag; }

// `is_same` is asked for each tag of the list; a comma inside quotes is part of its tag.
template <class Same>
bool any_tag(string_view list, const Same& is_same) {
  list = trimmed(list);
  if (list == "*") return true;
  while (!list.empty()) {
    const std::size_t quote = list.find('"');
    const std::size_t end = quote == string_view::npos ? quote : list.find('"', quote + 1);
    if (end == string_view::npos) return false;
    if (is_same(trimmed(list.substr(0, end + 1)))) return true;
    list = trimmed(list.substr(end + 1));
    if (!list.empty() && list.front() != ',') return false;
    if (!list.empty()) list = trimmed(list.substr(1));
  }
  return false;
}

Problem changed(string_view etag, const char* detail, const char* hint) {
  Problem problem{.status = 412, .code = "precondition_failed", .detail = detail, .hint = hint};
  problem.headers.emplace_back("ETag", etag);
  return problem;
}

}  // namespace

std::string etag_of(string_view revision) { return '"' + percent_encode(revision) + '"'; }

std::string etag_of(string_view revision, string_view body) {
  return '"' + percent_encode(revision) + before_body +
         base::hex(base::sha256(body)).substr(0, digits_of_body) + '"';
}

bool matches_strongly(string_view list, string_view etag) {
  return any_tag(list, [&](string_view tag) { return row_of(tag) == etag; });
}

bool matches_weakly(string_view list, string_view etag) {
  return any_tag(list, [&](string_view tag) { return opaque(tag) == opaque(etag); });
}

std::optional<Problem> check_if_match(const Request& request, string_view etag, bool required) {
  const std::string* match = request.header("if-match");
  const std::string* none = request.header("if-none-match");
  if (none && any_tag(*none, [&](string_view tag) { return row_of(opaque(tag)) == etag; }))
    return changed(etag, "it exists already, which If-None-Match excludes",
                   "Leave If-None-Match out to change what exists.");
  if (match && !matches_strongly(*match, etag))
    return changed(etag, "the revision in If-Match is not the current one",
                   "Read it again, apply the change to what it is now, and send that ETag.");
  if (!match && required)
    return Problem{.status = 428,
                   .code = "precondition_required",
                   .detail = "the request does not say which revision it changes",
                   .hint = "Send the ETag of what was read as If-Match."};
  return {};
}

IdempotencyKey idempotency_key(const Request& request) {
  constexpr std::size_t longest = 128;
  const std::string* header = request.header("idempotency-key");
  if (!header) return {};
  string_view key = *header;
  if (key.size() >= 2 && key.front() == '"' && key.back() == '"')
    key = key.substr(1, key.size() - 2);
  const auto may_stand = [](char c) { return c > 0x20 && c < 0x7F && c != '"' && c != '\\'; };
  if (!key.empty() && key.size() <= longest && std::all_of(key.begin(), key.end(), may_stand))
    return {std::string(key)};
  return {"", Problem{.status = 400,
                      .code = "invalid_query",
                      .detail = "the Idempotency-Key is not usable",
                      .hint = "Send 1 to 128 printable ASCII characters, best a fresh UUID.",
                      .errors = {{"header", "Idempotency-Key", "expected 1 to 128 characters"}}}};
}

}  // namespace portolan::api
