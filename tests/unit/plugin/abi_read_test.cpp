#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "plugin/abi_read.h"

using namespace portolan::plugin;

// What portolan_check may look like one minor later.
struct NextCheck {
  portolan_check now;
  std::uint64_t severity;
  portolan_str topic;
};
template <>
inline constexpr std::uint32_t portolan::plugin::minor_0_size<NextCheck> = sizeof(portolan_check);

namespace {

/// Memory whose last byte is followed by a page that nobody may touch.
class GuardedEnd {
 public:
  GuardedEnd() : page_(static_cast<std::size_t>(::getpagesize())) {
    start_ = static_cast<char*>(
        ::mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ::mprotect(start_ + page_, page_, PROT_NONE);
  }
  GuardedEnd(const GuardedEnd&) = delete;
  ~GuardedEnd() { ::munmap(start_, 2 * page_); }
  template <class T>
  void* put(const T& value) {
    return std::memcpy(start_ + page_ - sizeof value, &value, sizeof value);
  }

 private:
  std::size_t page_;
  char* start_;
};

portolan_check small_check() {
  portolan_check check{};
  check.size = sizeof check;
  check.elapsed_us = 77;
  return check;
}

}  // namespace

TEST_CASE("L1 L2 a newer host reads an older plugin's struct to its end and no further",
          "[plugin][abi]") {
  GuardedEnd memory;
  const auto read = read_struct<NextCheck>(memory.put(small_check()));
  REQUIRE(read);
  CHECK(read->now.elapsed_us == 77);
  CHECK(read->severity == 0);
  CHECK(read->topic.data == nullptr);
}

TEST_CASE("L1 L2 an older host reads what it knows of a newer plugin's struct", "[plugin][abi]") {
  NextCheck next{small_check(), 0xdead, {}};
  next.now.size = sizeof next;
  const auto read = read_struct<portolan_check>(&next);
  REQUIRE(read);
  CHECK(read->elapsed_us == 77);
}

TEST_CASE("a struct smaller than minor 0's is none", "[plugin][abi]") {
  portolan_check check = small_check();
  check.size = sizeof check - 1;
  CHECK_FALSE(read_struct<portolan_check>(&check));
  check.size = 0;
  CHECK_FALSE(read_struct<portolan_check>(&check));
  CHECK_FALSE(read_struct<portolan_check>(nullptr));
}

TEST_CASE("text from a plugin is one line of bounded UTF-8", "[plugin][abi]") {
  CHECK(text({nullptr, 99}).empty());
  CHECK(text(to_abi("a\x1b[31mb\nc")) == "ab c");
  CHECK(text(to_abi(std::string(100'000, 'x'))).size() <= portolan::model::limits::text_bytes);
}
