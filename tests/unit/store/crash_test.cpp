#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <random>

#include "store/connection.h"
#include "store/jobs.h"
#include "store/tenants.h"
#include "support/store_world.h"

using namespace portolan;
using base::Result;
using store::Reader;
using store::Writer;

namespace {

/// Writes users one by one, each with its audit entry, and says the number of each that was
/// acknowledged; until it is killed.
[[noreturn]] void write_on(const store::StoreOptions& options, int tell) {
  auto opened = store::Store::open(options);
  if (!opened) ::_exit(1);
  for (;;) {
    std::int64_t number = 0;
    const auto done = (*opened)->write([&](Writer& writer) -> Result<void> {
      model::User user;
      user.name = "u" + std::to_string(store::now_ms(writer)) + base::hex(base::random_bytes(8));
      const auto made = insert_user(writer, user, std::string(200, 'x'));
      if (!made) return made.error();
      number = made->id;
      return add_audit(writer, {});
    });
    if (!done) ::_exit(2);
    if (::write(tell, &number, sizeof number) != sizeof number) ::_exit(3);
  }
}

/// Everything that the child acknowledged until now and, after its end, until then.
std::int64_t last_number(int from, std::int64_t last) {
  std::int64_t number = 0;
  while (::read(from, &number, sizeof number) == sizeof number) last = number;
  return last;
}

}  // namespace

TEST_CASE("kill -9 loses no acknowledged write", "[store][crash]") {
  test::Folder folder;
  const store::StoreOptions options{folder / "data", base::SealingKey::generate(), {}};
  std::mt19937 random(3);
  std::int64_t acknowledged = 0;
  int kills = 0;
  for (int round = 0; round < 20; ++round) {
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      write_on(options, pipe[1]);
    }
    ::close(pipe[1]);
    // After so many answers, wherever the child is by then.
    for (unsigned left = 1 + random() % 60; left > 0; --left) {
      std::int64_t number = 0;
      REQUIRE(::read(pipe[0], &number, sizeof number) == sizeof number);
      acknowledged = number;
    }
    REQUIRE(::kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) ++kills;
    acknowledged = last_number(pipe[0], acknowledged);
    ::close(pipe[0]);

    const auto opened = store::Store::open(options);
    REQUIRE(opened);
    CHECK((*opened)->verify());
    const auto counts = (*opened)->read<std::pair<std::int64_t, std::size_t>>(
        [](Reader& reader) -> Result<std::pair<std::int64_t, std::size_t>> {
          const auto audit = store::verify_audit(reader);
          if (!audit) return audit.error();
          return std::pair{*store::scalar<std::int64_t>(reader, "SELECT max(id) FROM users"),
                           *audit};
        });
    REQUIRE(counts);
    // One more than was said: committed, and killed before saying so.
    CHECK(counts->first >= acknowledged);
    CHECK(counts->first <= acknowledged + 1);
    CHECK(counts->second == static_cast<std::size_t>(counts->first));
    acknowledged = counts->first;
  }
  CHECK(kills == 20);
}
