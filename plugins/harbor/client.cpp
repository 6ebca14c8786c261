#include "client.h"

#include <algorithm>
#include <charconv>
#include <unordered_set>
#include <utility>

namespace harbor {

struct Reader::Listing {
  std::string path;
  Row each;
  Done done;
  Listed listed;
  std::unordered_set<std::int64_t> seen;
  std::int64_t total = -1;           ///< As the latest page told.
  std::int64_t asked = 0, last = 1;  ///< Pages.
  int in_flight = 0;
  bool ended = false, waits = false;

  std::string url(std::int64_t page) const {
    return path + "&page=" + std::to_string(page) + "&page_size=" + std::to_string(page_size);
  }

  /// Rows on the page, and those of them that are new.
  struct Count {
    std::int64_t rows = 0, fresh = 0;
  };
  Count read(const portolan::response& answer) {
    const portolan::json rows = rows_of(answer);
    Count count;
    rows.each([&](portolan::json row) {
      ++count.rows;
      std::int64_t id = row["id"].integer_or(0);
      if (id == 0) id = row["project_id"].integer_or(0);
      if (id != 0 && !seen.insert(id).second) return;
      each(row);
      ++count.fresh;
      ++listed.rows;
    });
    total = total_of(answer);
    return count;
  }

  /// Nothing is behind a page that is not full, whatever the total says; a page of known rows only
  /// is a server that goes in circles.
  void learn(std::int64_t page, const Count& count) {
    if (count.rows < page_size || count.fresh == 0)
      last = std::min(last, std::max(asked, page));
    else if (total < 0)
      last = std::max(last, page + 1);
    else
      last = std::max(page, (total + page_size - 1) / page_size);
  }

  void end() {
    ended = true;
    listed.short_of_total = !listed.failed && listed.rows < total;
    done(listed);
  }
};

void Reader::list(const std::string& path, Row each, Done done) {
  auto listing = std::make_shared<Listing>();
  listing->path = path;
  listing->each = std::move(each);
  listing->done = std::move(done);
  ask(listing);
}

void Reader::ask(const std::shared_ptr<Listing>& listing) {
  ++listing->in_flight;
  const std::int64_t page = ++listing->asked;
  fan_.add(client_.request(listing->url(page)),
           [this, listing, page](portolan::response&& answer) { on_page(listing, page, answer); });
}

void Reader::ask_next() {
  while (!behind_.empty()) {
    const auto listing = std::move(behind_.front());
    behind_.pop_front();
    listing->waits = !listing->ended && listing->asked < listing->last;
    if (!listing->waits) continue;
    ask(listing);
    behind_.push_back(listing);
    return;
  }
}

void Reader::on_page(const std::shared_ptr<Listing>& listing, std::int64_t page,
                     const portolan::response& answer) {
  --listing->in_flight;
  if (listing->ended) return;
  try {
    listing->learn(page, listing->read(answer));
  } catch (const portolan::failure& problem) {
    listing->listed.failed = problem;
    return listing->end();
  }
  const bool more = listing->asked < listing->last;
  if (!more && listing->in_flight == 0) return listing->end();
  if (more && !std::exchange(listing->waits, true)) behind_.push_back(listing);
}

portolan::json rows_of(const portolan::response& page) {
  portolan::json rows = page.json();
  if (rows.is_array()) return rows;
  portolan::failure problem(PORTOLAN_PROTOCOL, "GET " + page.url + " answered no list",
                            "see what answers at this address");
  problem.url = page.url;
  throw problem;
}

std::int64_t total_of(const portolan::response& page) {
  const std::string_view text = page.header("x-total-count");
  std::int64_t total = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), total);
  return error == std::errc() && end == text.data() + text.size() && total >= 0 ? total : -1;
}

portolan::request Client::request(std::string_view path, portolan::auth how) const {
  portolan::request out(base_ + "/api/v2.0" + std::string(path));
  out.auth = how;
  // Elsewhere the account would not be sent along, and an answer to nobody taken for one to it.
  if (how != portolan::auth::none) out.flags = PORTOLAN_HTTP_NO_REDIRECT;
  // Names of digits only would be read as ids without it.
  out.headers = {{"x-is-resource-name", "true"}, {"accept", "application/json"}};
  return out;
}

portolan::request Client::change(const char* method, std::string_view path,
                                 std::string body) const {
  portolan::request out = request(path);
  out.method = method;
  if (!body.empty()) out.headers.emplace_back("content-type", "application/json");
  out.body = std::move(body);
  return out;
}

portolan::request Client::version() const {
  portolan::request out(base_ + "/api/version");
  out.auth = portolan::auth::none;
  return out;
}

std::optional<Health> Client::health() {
  const portolan::response answer = call_.attempt(request("/health", portolan::auth::none));
  if (!answer.ok()) return std::nullopt;
  try {
    const portolan::json body = answer.json();
    if (body["components"].is_array()) return to_health(body);
  } catch (const portolan::failure&) {
    // No JSON: as good as no answer.
  }
  return std::nullopt;
}

portolan::failure explain_redirect(const portolan::response& answer) {
  const std::string_view target = answer.header("location");
  const std::size_t scheme = target.find("://");
  portolan::failure problem(
      PORTOLAN_POLICY, answer.method + " " + answer.url + " leads elsewhere (" +
                           std::to_string(answer.status) + "), and the account is not sent along");
  problem.hint = scheme == std::string_view::npos
                     ? "see what answers at this address"
                     : "if Harbor is there, give this address: " +
                           std::string(target.substr(0, target.find_first_of("/?#", scheme + 3)));
  problem.url = answer.url;
  return problem;
}

portolan::failure explain_refusal(Client& client, const portolan::response& answer,
                                  const std::string& what) {
  if (answer.code == PORTOLAN_UNAUTHORIZED) return explain_unauthorized(client, answer);
  if (answer.status >= 300 && answer.status < 400) return explain_redirect(answer);
  const Complaint said = to_complaint(answer.body);
  portolan::failure problem = answer.as_failure();
  if (said.code == "DENIED" && said.message.find("read only") != std::string::npos) {
    problem.code = PORTOLAN_UNAVAILABLE;  // Later it may be done.
    problem.message = what + ": it is in read-only mode";
    problem.hint = "end the read-only mode in Harbor's system settings, and try again";
    return problem;
  }
  if (answer.status == 400 || answer.status == 422) problem.code = PORTOLAN_INVALID_ARGUMENT;
  problem.message = what + ": " + (said.message.empty() ? problem.message : said.message);
  if (problem.code == PORTOLAN_FORBIDDEN)
    problem.hint = "integrate this Harbor with an account that may, such as an administrator's";
  return problem;
}

portolan::failure explain_unauthorized(Client& client, const portolan::response& answer) {
  const auto health = client.health();
  portolan::failure problem = answer.as_failure();
  if (health && !health->database) {
    problem.code = PORTOLAN_UNAVAILABLE;
    problem.message =
        "Harbor's database is unhealthy, so it cannot tell whether the password is right";
    problem.hint = "look at Harbor's database; the credentials need not be changed";
  } else {
    problem.message = "Harbor refuses the user name or password";
    problem.hint =
        "check both; a robot's name is written whole, such as robot$ci or robot$project+ci, it may "
        "have expired or be disabled, and with OIDC the password is the CLI secret";
  }
  return problem;
}

}  // namespace harbor
