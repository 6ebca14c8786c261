#include "engine/run.h"

#include <catch2/catch.hpp>

using namespace portolan;

namespace {

engine::RegistryReport with_verdict(model::Verdict verdict) {
  engine::RegistryReport report;
  report.validation = model::Validation{verdict, {}};
  return report;
}

}  // namespace

TEST_CASE("only an error or the verdict fail makes a registry count as failed", "[engine]") {
  CHECK_FALSE(engine::failed(with_verdict(model::Verdict::ok), {}));
  CHECK_FALSE(engine::failed(with_verdict(model::Verdict::warn), {}));
  CHECK_FALSE(engine::failed(with_verdict(model::Verdict::unknown), {}));
  CHECK(engine::failed(with_verdict(model::Verdict::fail), {}));

  engine::RegistryReport broken = with_verdict(model::Verdict::ok);
  broken.error = base::Error{base::Code::timeout, "late", "", ""};
  CHECK(engine::failed(broken, {}));
}

TEST_CASE("fail-on adds warn, unknown and incomplete numbers, each alone", "[engine]") {
  engine::FailOn warn, unknown, partial;
  warn.warn = unknown.unknown = partial.partial = true;
  CHECK(engine::failed(with_verdict(model::Verdict::warn), warn));
  CHECK_FALSE(engine::failed(with_verdict(model::Verdict::unknown), warn));
  CHECK(engine::failed(with_verdict(model::Verdict::unknown), unknown));

  engine::RegistryReport cut = with_verdict(model::Verdict::ok);
  cut.statistics = model::Statistics{};
  CHECK_FALSE(engine::failed(cut, warn));
  CHECK(engine::failed(cut, partial));
}

TEST_CASE("the summary counts each registry once", "[engine]") {
  engine::RegistryReport broken;
  broken.error = base::Error{};
  const auto sum =
      engine::summarize({with_verdict(model::Verdict::ok), with_verdict(model::Verdict::warn),
                         with_verdict(model::Verdict::fail), broken},
                        {});
  CHECK(sum.registries == 4);
  CHECK(sum.ok == 1);
  CHECK(sum.warn == 1);
  CHECK(sum.fail == 2);
  CHECK(sum.failed == 2);
}
