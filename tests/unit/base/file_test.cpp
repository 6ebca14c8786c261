#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <cerrno>
#include <string>
#include <thread>

using portolan::base::Descriptor;
using portolan::base::folder_of;
using portolan::base::sync_folder;
using portolan::base::write_all;

TEST_CASE("write_all writes more than the kernel takes at once", "[base][file]") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Descriptor in(ends[0]);
  Descriptor out(ends[1]);
  const std::string text(1 << 20, 'x');
  std::string seen;
  std::thread reader([&] {
    char bytes[4096];
    for (ssize_t got; (got = ::read(in.get(), bytes, sizeof bytes)) > 0;)
      seen.append(bytes, static_cast<std::size_t>(got));
  });
  CHECK(write_all(out.get(), text));
  ::close(out.release());
  reader.join();
  CHECK(seen == text);
}

TEST_CASE("what is not written, or not there, is said with its reason", "[base][file]") {
  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  REQUIRE(full.get() >= 0);
  CHECK_FALSE(write_all(full.get(), "x"));
  CHECK(errno == ENOSPC);
  CHECK_FALSE(sync_folder("/nowhere/at/all"));
  CHECK(errno == ENOENT);
}

TEST_CASE("a bare name is in the folder where we are", "[base][file]") {
  CHECK(folder_of("key") == ".");
  CHECK(folder_of("/etc/key") == "/etc");
}
