#include "cli/render.h"
#include "model/outcome.h"

namespace portolan::cli {
namespace {

/// Text for an attribute or element. Control characters that XML 1.0 §2.2 forbids become "?".
std::string xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\n': out += "&#10;"; break;
      case '\t': out += "&#9;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return out;
}

struct Suite {
  std::string cases, warnings;
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;

  void add(const std::string& registry, std::string_view name, std::string_view inside) {
    ++tests;
    cases += "    <testcase classname=\"" + xml(registry) + "\" name=\"" + xml(name) + "\"";
    cases += inside.empty() ? "/>\n" : ">" + std::string(inside) + "</testcase>\n";
  }
};

std::string element(std::string_view kind, std::string_view type, std::string_view message,
                    std::string_view hint) {
  return "<" + std::string(kind) + " type=\"" + xml(type) + "\" message=\"" + xml(message) + "\">" +
         xml(hint) + "</" + std::string(kind) + ">";
}

void add_check(Suite& suite, const std::string& registry, const model::Check& check,
               const engine::FailOn& fail_on) {
  const bool failing = check.state == model::CheckState::fail ||
                       (check.state == model::CheckState::unknown && fail_on.unknown) ||
                       (check.state == model::CheckState::warn && fail_on.warn);
  if (failing) {
    ++suite.failures;
    suite.add(registry, check.name,
              element("failure", to_string(check.code), check.message, check.hint));
  } else if (check.state == model::CheckState::skipped) {
    ++suite.skipped;
    suite.add(registry, check.name, "<skipped message=\"" + xml(check.message) + "\"/>");
  } else {
    suite.add(registry, check.name, "");
  }
}

Suite suite_of(const engine::RegistryReport& report, const engine::FailOn& fail_on) {
  Suite suite;
  for (const auto& text : report.warnings) suite.warnings += "WARNING: " + xml(text) + "\n";
  if (report.validation)
    for (const auto& check : report.validation->checks)
      add_check(suite, report.name, check, fail_on);
  if (report.statistics) {
    const bool failing = fail_on.partial && !report.statistics->complete;
    suite.failures += failing ? 1 : 0;
    suite.add(report.name, "statistics",
              failing ? element("failure", "partial", "the numbers are not complete", "") : "");
  }
  if (report.error) {
    ++suite.errors;
    suite.add(
        report.name, "run",
        element("error", to_string(report.error->code), report.error->message, report.error->hint));
  }
  return suite;
}

}  // namespace

std::string to_junit(const std::vector<engine::RegistryReport>& reports,
                     const engine::FailOn& fail_on) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"portolan\">\n";
  for (const auto& report : reports) {
    const Suite suite = suite_of(report, fail_on);
    out += "  <testsuite name=\"" + xml(report.name) + "\" tests=\"" + std::to_string(suite.tests) +
           "\" failures=\"" + std::to_string(suite.failures) + "\" errors=\"" +
           std::to_string(suite.errors) + "\" skipped=\"" + std::to_string(suite.skipped) +
           "\" time=\"" + std::to_string(report.elapsed_ms / 1000) + "." +
           std::to_string(report.elapsed_ms % 1000 + 1000).substr(1) + "\">\n" + suite.cases +
           (suite.warnings.empty() ? "" : "    <system-err>" + suite.warnings + "</system-err>\n") +
           "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace portolan::cli
