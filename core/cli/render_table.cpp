#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/render.h"
#include "model/outcome.h"

namespace portolan::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

class Paint {
 public:
  explicit Paint(bool on) : on_(on) {}
  std::string bold(const std::string& text) const { return wrap("1", text); }
  /// A state's word in its colour, at the end of a line or padded by the caller.
  std::string state(const std::string& word, const std::string& shown) const {
    if (word == "ok" || word == "known") return wrap("32", shown);
    if (word == "warn" || word == "partial" || word == "unknown") return wrap("33", shown);
    if (word == "fail" || word == "forbidden" || word == "error") return wrap("31", shown);
    return shown;
  }

 private:
  std::string wrap(const char* code, const std::string& text) const {
    return on_ ? "\033[" + std::string(code) + "m" + text + "\033[0m" : text;
  }
  bool on_;
};

std::string padded(const std::string& text, std::size_t to) {
  const std::size_t have = width(text);
  return have < to ? text + std::string(to - have, ' ') : text;
}

void add_checks(const model::Validation& validation, const Paint& paint, std::string& out) {
  std::size_t widest = 0;
  for (const auto& check : validation.checks) widest = std::max(widest, width(check.name));
  for (const auto& check : validation.checks) {
    const std::string word(to_string(check.state));
    out +=
        "  " + paint.state(word, padded(word, 8)) + padded(check.name, widest + 2) + check.message;
    if (check.code != base::Code::ok) out += " [" + std::string(to_string(check.code)) + "]";
    out += "\n";
    if (!check.hint.empty() && check.state != model::CheckState::ok)
      out += std::string(widest + 12, ' ') + "hint: " + check.hint + "\n";
  }
}

std::string value_text(const model::Measure& m) {
  if (m.state != model::MeasureState::known && m.state != model::MeasureState::partial) return "-";
  return m.unit == "bytes" ? bytes_text(m.value) : std::to_string(m.value);
}

std::vector<std::string> measure_row(const std::string& space, const model::Measure& m) {
  return {"",
          space,
          m.name,
          value_text(m),
          std::string(to_string(m.state)),
          std::string(to_string(m.scope)),
          std::string(to_string(m.kind))};
}

/// Each hint once, behind the measures that it is about.
void add_notes(const model::Statistics& statistics, std::string& out) {
  std::vector<std::pair<std::string, std::string>> notes;  // hint, names
  const auto add = [&](const model::Measure& m) {
    if (m.hint.empty()) return;
    auto note = std::find_if(notes.begin(), notes.end(),
                             [&](const auto& each) { return each.first == m.hint; });
    if (note == notes.end()) note = notes.insert(notes.end(), {m.hint, ""});
    std::string& names = note->second;
    if ((", " + names + ",").find(", " + m.name + ",") == std::string::npos)
      names += (names.empty() ? "" : ", ") + m.name;
  };
  for (const auto& m : statistics.measures) add(m);
  for (const auto& space : statistics.spaces)
    for (const auto& m : space.measures) add(m);
  for (const auto& [hint, names] : notes) out += "  " + names + ": " + hint + "\n";
}

void add_statistics(const model::Statistics& statistics, std::string& out) {
  Rows rows;
  for (const auto& m : statistics.measures) rows.push_back(measure_row("", m));
  for (const auto& space : statistics.spaces) {
    const std::string visibility(to_string(space.visibility));
    const std::string name = space.name + (visibility.empty() ? "" : " (" + visibility + ")");
    for (const auto& m : space.measures) rows.push_back(measure_row(name, m));
  }
  out += "  statistics, level " + std::string(to_string(statistics.level)) +
         (statistics.complete ? ", complete" : ", not complete") + "\n";
  out += text_table({"", "SPACE", "MEASURE", "VALUE", "STATE", "SEEN AS", "KIND"}, rows);
  add_notes(statistics, out);
}

std::string integration_text(const model::Integration& found) {
  std::string out = "  " + (found.product.empty() ? "unknown product" : found.product);
  if (!found.version.empty()) out += " " + found.version;
  if (!found.api_version.empty()) out += ", API " + found.api_version;
  out += ", as " + (found.account.empty() ? "nobody" : found.account);
  if (!found.privilege.empty()) out += " (" + found.privilege + ")";
  if (!found.pull_host.empty()) out += ", pull from " + found.pull_host;
  return out + "\n";
}

std::string headline(const engine::RegistryReport& report, const Paint& paint) {
  std::string out = paint.bold(report.name) + "  " + report.type + "  " + report.address;
  if (report.validation) {
    const std::string verdict(to_string(report.validation->verdict));
    out += "  " + paint.state(verdict, verdict);
  }
  if (report.error) out += "  " + paint.state("error", std::string(to_string(report.error->code)));
  return out + "\n";
}

}  // namespace

std::string bytes_text(std::int64_t bytes) {
  static constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  if (unit == 0) return std::to_string(bytes) + " B";
  char text[64];
  std::snprintf(text, sizeof text, "%.1f %s (%lld B)", value, units[unit],
                static_cast<long long>(bytes));
  return text;
}

std::string text_table(const std::vector<std::string>& header, const Rows& rows) {
  std::vector<std::size_t> widths;
  for (const auto& cell : header) widths.push_back(width(cell));
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) text += padded(cells[i], widths[i]) + "  ";
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  line(header);
  for (const auto& row : rows) line(row);
  return out;
}

std::string to_tables(const std::vector<engine::RegistryReport>& reports,
                      const engine::FailOn& fail_on, const Parts& parts, bool color) {
  const Paint paint(color);
  std::string out;
  for (const auto& report : reports) {
    out += headline(report, paint);
    for (const auto& warning : report.warnings)
      out += "  " + paint.state("warn", "WARNING ") + warning + "\n";
    if (parts.integration && report.integration) out += integration_text(*report.integration);
    if (parts.validation && report.validation) add_checks(*report.validation, paint, out);
    if (parts.statistics && report.statistics) add_statistics(*report.statistics, out);
    if (report.error) {
      out += "  " + paint.state("error", "error: ") + report.error->message + "\n";
      if (!report.error->hint.empty()) out += "  hint: " + report.error->hint + "\n";
    }
    out += "\n";
  }
  if (!parts.summary) return out;
  const engine::Summary sum = engine::summarize(reports, fail_on);
  return out + std::to_string(sum.registries) +
         (sum.registries == 1 ? " registry: " : " registries: ") + std::to_string(sum.ok) +
         " ok, " + std::to_string(sum.warn) + " warn, " + std::to_string(sum.unknown) +
         " unknown, " + std::to_string(sum.fail) + " fail; " + std::to_string(sum.failed) +
         " failed, " + std::to_string(sum.incomplete) + " with incomplete numbers\n";
}

}  // namespace portolan::cli
