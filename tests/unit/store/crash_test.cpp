#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <thread>

#include "store/connection.h"
#include "store/jobs.h"
#include "store/tenants.h"
#include "support/store_world.h"

using namespace portolan;
using base::Result;
using store::Reader;
using store::Writer;

namespace {

/// Writes users, each with its audit entry, on three threads that share commits, and tells the id
/// of each that was acknowledged; until it is killed.
[[noreturn]] void write_on(const store::StoreOptions& options, int tell) {
  auto opened = store::Store::open(options);
  if (!opened) ::_exit(1);
  const auto write = [&] {
    for (;;) {
      std::int64_t id = 0;
      const auto done = (*opened)->write([&](Writer& writer) -> Result<void> {
        model::User user;
        user.name = base::hex(base::random_bytes(16));
        const auto made = insert_user(writer, user, std::string(200, 'x'));
        if (!made) return made.error();
        id = made->id;
        return add_audit(writer, {});
      });
      if (!done) ::_exit(2);
      if (::write(tell, &id, sizeof id) != sizeof id) ::_exit(3);
    }
  };
  std::thread one(write), two(write);
  write();
  ::_exit(4);
}

struct Found {
  std::set<std::int64_t> users;
  std::size_t audit = 0;
};

Found look(const store::StoreOptions& options) {
  const auto opened = store::Store::open(options);
  REQUIRE(opened);
  CHECK((*opened)->verify());
  const auto found = (*opened)->read<Found>([](Reader& reader) -> Result<Found> {
    Found all;
    auto rows = store::query(reader, "SELECT id FROM users");
    while (rows.next()) all.users.insert(rows.get<std::int64_t>());
    const auto audit = store::verify_audit(reader);
    if (!audit) return audit.error();
    all.audit = *audit;
    return all;
  });
  REQUIRE(found);
  return *found;
}

}  // namespace

TEST_CASE("kill -9 loses no acknowledged write", "[store][crash]") {
  test::Folder folder;
  const store::StoreOptions options{folder / "data", base::SealingKey::generate(), {}};
  std::mt19937 random(3);
  std::set<std::int64_t> acknowledged;
  for (int round = 0; round < 20; ++round) {
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      write_on(options, pipe[1]);
    }
    ::close(pipe[1]);
    const auto hear = [&] {
      std::int64_t id = 0;
      if (::read(pipe[0], &id, sizeof id) != sizeof id) return false;
      acknowledged.insert(id);
      return true;
    };
    // After so many answers, wherever the child is by then.
    for (unsigned left = 1 + random() % 60; left > 0; --left) REQUIRE(hear());
    REQUIRE(::kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    while (hear()) continue;
    ::close(pipe[0]);

    const Found found = look(options);
    CHECK(std::includes(found.users.begin(), found.users.end(), acknowledged.begin(),
                        acknowledged.end()));
    // What was committed and not told, by three threads at most, came whole.
    CHECK(found.users.size() <= acknowledged.size() + 3);
    CHECK(found.audit == found.users.size());
    acknowledged = found.users;
  }
}
