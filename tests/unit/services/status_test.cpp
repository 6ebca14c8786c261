#include "services/status.h"

#include <catch2/catch.hpp>
#include <cctype>

using namespace portolan;
using services::Proof;

TEST_CASE("what a status means reads like every other error", "[status]") {
  for (const Proof proof : {Proof::nothing, Proof::secret, Proof::token}) {
    for (int status = 100; status < 600; ++status) {
      const auto meaning = services::meaning_of(status, proof);
      CAPTURE(status, meaning.message, meaning.hint);
      CHECK((status >= 200 && status < 400) == (meaning.code == base::Code::ok));
      CHECK(meaning.message.empty() == (meaning.code == base::Code::ok));
      if (!meaning.message.empty()) {
        CHECK(std::islower(meaning.message.front()));
        CHECK(meaning.message.back() != '.');
      }
      if (!meaning.hint.empty()) {
        CHECK(std::isupper(meaning.hint.front()));
        CHECK(meaning.hint.back() == '.');
      }
    }
  }
}
