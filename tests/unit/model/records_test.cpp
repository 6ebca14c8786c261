#include "model/words.h"

#include <catch2/catch.hpp>
#include <set>

using namespace portolan::model;

namespace {

/// Each of the first `count` values has a word of its own, which reads back as that value.
template <class Word>
void check_words(int count) {
  const auto read = word_from<Word>;
  std::set<std::string_view> seen;
  for (int i = 0; i < count; ++i) {
    const auto word = static_cast<Word>(i);
    CHECK(seen.insert(to_string(word)).second);
    CHECK(read(to_string(word)) == word);
  }
  CHECK_FALSE(read(""));
  CHECK_FALSE(read("Healthy"));
}

}  // namespace

TEST_CASE("every word of the records reads back", "[model]") {
  check_words<HealthState>(6);
  check_words<JobState>(5);
  check_words<DefaultVisibility>(3);
  check_words<Enforcement>(2);
  check_words<CheckState>(5);
  check_words<Verdict>(4);
  check_words<MeasureState>(5);
  check_words<Scope>(2);
  check_words<Level>(3);
}

TEST_CASE("a registry's identity names its workspace, the platform's has none", "[model]") {
  RegistryRecord record;
  record.settings.name = "harbor";
  CHECK(record.identity() == "harbor");
  record.workspace = 3;
  record.workspace_name = "team-a";
  CHECK(record.identity() == "team-a/harbor");
}
