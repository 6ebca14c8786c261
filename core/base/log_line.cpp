#include <cmath>
#include <cstdio>
#include <ctime>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace portolan::base {
namespace {

constexpr std::size_t message_bytes = 1024, value_bytes = 512, key_bytes = 64;

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warn: return "warn";
    case LogLevel::error: return "error";
  }
  return "";
}

std::string time_text(std::chrono::system_clock::time_point time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::floor<std::chrono::milliseconds>(time - whole);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char day[32], text[48];
  std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text, sizeof text, "%s.%03dZ", day, static_cast<int>(rest.count()));
  return text;
}

std::string json_text(std::string_view text) { return to_text(Json::string(std::string(text))); }

/// As a value of text mode: quotes only where a reader could mistake it.
std::string plain(const std::string& text) {
  return text.empty() || text.find_first_of(" \"=\\") != text.npos ? json_text(text) : text;
}

struct Value {
  LogFormat format;

  std::string operator()(std::string_view text) const {
    const std::string clean = clean_text(text, value_bytes);
    return format == LogFormat::json ? json_text(clean) : plain(clean);
  }
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(std::uint64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const {
    if (!std::isfinite(number)) return "null";
    char text[40];
    std::snprintf(text, sizeof text, "%.6g", number);
    return text;
  }
  std::string operator()(const Error*) const { return {}; }  // Spread over fields of its own.
};

/// A line that grows field by field as long as there is room.
class Line {
 public:
  Line(LogFormat format, std::chrono::system_clock::time_point time, LogLevel level,
       std::string_view message)
      : json_(format == LogFormat::json) {
    const std::string clean = clean_text(message, message_bytes);
    const std::string name(name_of(level));
    text_ = json_ ? "{\"time\":\"" + time_text(time) + "\",\"level\":\"" + name +
                        "\",\"message\":" + json_text(clean)
                  : time_text(time) + ' ' + name + std::string(6 - name.size(), ' ') + clean;
  }

  void add(std::string_view key, const std::string& value) {
    const std::string name = clean_text(key, key_bytes);
    const std::string field =
        json_ ? ',' + json_text(name) + ':' + value : ' ' + name + '=' + value;
    constexpr std::size_t tail = 16;  // `,"cut":true}` and the line end.
    if (text_.size() + field.size() + tail > log_line_bytes)
      cut_ = true;
    else
      text_ += field;
  }

  std::string end() {
    if (cut_) text_ += json_ ? ",\"cut\":true" : " cut=true";
    return std::move(text_) + (json_ ? "}\n" : "\n");
  }

 private:
  bool json_;
  bool cut_ = false;
  std::string text_;
};

}  // namespace

std::string log_line(LogFormat format, std::chrono::system_clock::time_point time, LogLevel level,
                     std::string_view message, LogFields fields) {
  Line line(format, time, level, message);
  const Value value{format};
  for (const LogField& field : fields) {
    const auto* const* error = std::get_if<const Error*>(&field.value);
    if (error == nullptr) {
      line.add(field.key, std::visit(value, field.value));
      continue;
    }
    line.add("code", value(to_string((*error)->code)));
    line.add("error", value((*error)->message));
    if (!(*error)->hint.empty()) line.add("hint", value((*error)->hint));
    if (!(*error)->where.empty()) line.add("where", value((*error)->where));
  }
  return line.end();
}

}  // namespace portolan::base
