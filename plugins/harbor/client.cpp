#include "client.h"

#include <charconv>
#include <memory>

namespace harbor {
namespace {

/// One listing that is being read.
struct Listing {
  std::string path;
  std::function<void(const portolan::json&)> each;
  std::function<void(const portolan::response&)> failed;
  std::unordered_set<std::int64_t> seen;
  std::int64_t last_page = 1;  ///< Asked for so far.

  std::string url(std::int64_t page) const {
    return path + (path.back() == '?' ? "" : "&") + "page=" + std::to_string(page) +
           "&page_size=" + std::to_string(page_size);
  }
  /// The number of rows on the page.
  std::size_t read(const portolan::response& answer) {
    const portolan::json rows = answer.json();
    if (!rows.is_array()) {
      portolan::failure problem(PORTOLAN_PROTOCOL, "GET " + answer.url + " answered no list");
      problem.url = answer.url;
      throw problem;
    }
    rows.each([&](portolan::json row) {
      std::int64_t id = row["id"].integer_or(0);
      if (id == 0) id = row["project_id"].integer_or(0);
      if (id == 0 || seen.insert(id).second) each(row);
    });
    return rows.size();
  }
};

constexpr std::int64_t pages_max = 100'000;

void ask(Client& client, portolan::fan& fan, const std::shared_ptr<Listing>& listing,
         std::int64_t page);

/// The first page tells how many there are; a full last page asks for one more, since totals move.
void on_page(Client& client, portolan::fan& fan, const std::shared_ptr<Listing>& listing,
             std::int64_t page, const portolan::response& answer) {
  if (!answer.ok()) return listing->failed(answer);
  const std::size_t rows = listing->read(answer);
  std::int64_t wanted = listing->last_page;
  if (page == 1) wanted = std::max<std::int64_t>(1, (total_of(answer) + page_size - 1) / page_size);
  if (page == listing->last_page && page >= wanted && rows == page_size) wanted = page + 1;
  while (listing->last_page < std::min(wanted, pages_max))
    ask(client, fan, listing, ++listing->last_page);
}

void ask(Client& client, portolan::fan& fan, const std::shared_ptr<Listing>& listing,
         std::int64_t page) {
  fan.add(client.request(listing->url(page)),
          [&client, &fan, listing, page](portolan::response&& answer) {
            on_page(client, fan, listing, page, answer);
          });
}

}  // namespace

std::int64_t total_of(const portolan::response& page) {
  const std::string_view text = page.header("x-total-count");
  std::int64_t total = -1;
  std::from_chars(text.data(), text.data() + text.size(), total);
  return total;
}

portolan::request Client::request(std::string_view path, portolan::auth how) const {
  portolan::request out(base_ + "/api/v2.0" + std::string(path));
  out.auth = how;
  // Names of digits only would be read as ids without it.
  out.headers = {{"x-is-resource-name", "true"}, {"accept", "application/json"}};
  return out;
}

portolan::response Client::version() {
  portolan::request wanted(base_ + "/api/version");
  wanted.auth = portolan::auth::none;
  return call_.send(wanted);
}

portolan::response Client::get(std::string_view path, portolan::auth how) {
  return call_.send(request(path, how));
}

std::optional<Health> Client::health() try {
  const portolan::response answer = get("/health", portolan::auth::none);
  if (!answer.ok()) return std::nullopt;
  const portolan::json body = answer.json();
  if (!body["components"].is_array()) return std::nullopt;
  return to_health(body);
} catch (const portolan::failure& problem) {
  if (problem.ended_by_host()) throw;
  return std::nullopt;
}

void Client::add_pages(portolan::fan& fan, std::string path,
                       std::function<void(const portolan::json&)> each,
                       std::function<void(const portolan::response&)> failed) {
  auto listing = std::make_shared<Listing>();
  listing->path = std::move(path);
  listing->each = std::move(each);
  listing->failed = std::move(failed);
  ask(*this, fan, listing, 1);
}

portolan::ended Client::pages(const std::string& path,
                              const std::function<void(const portolan::json&)>& each) {
  portolan::fan fan(call_);
  add_pages(fan, path, each, [](const portolan::response& answer) { throw answer.as_failure(); });
  return fan.run();
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
        "check both; a robot's name is written whole, such as robot$ci or robot$project+ci, and "
        "with OIDC the "
        "password is the CLI secret";
  }
  return problem;
}

}  // namespace harbor
