#include "base/quantity.h"

#include <charconv>
#include <limits>

namespace portolan::base {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr Unit time_units[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr Unit size_units[] = {
    {"", 1},
    {"B", 1},
    {"kB", 1'000},
    {"MB", 1'000'000},
    {"GB", 1'000'000'000},
    {"TB", 1'000'000'000'000},
    {"KiB", 1ull << 10},
    {"MiB", 1ull << 20},
    {"GiB", 1ull << 30},
    {"TiB", 1ull << 40},
};

constexpr std::uint64_t milliseconds_max = 3650ull * 86'400'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The digits at the front of `text`, which it then begins behind.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  if (text.empty() || !is_digit(text.front())) return {};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc()) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// ".25" of a unit: thousandths, at most three digits.
std::optional<std::uint64_t> take_thousandths(std::string_view& text) {
  if (text.empty() || text.front() != '.') return 0;
  text.remove_prefix(1);
  const std::size_t size = text.size();
  auto number = take_number(text);
  std::size_t digits = size - text.size();
  if (!number || digits > 3) return {};
  for (; digits < 3; ++digits) *number *= 10;
  return number;
}

std::string_view take_letters(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && text[size] >= 'a' && text[size] <= 'z') ++size;
  const std::string_view letters = text.substr(0, size);
  text.remove_prefix(size);
  return letters;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text.empty()) return {};
  std::uint64_t total = 0, previous_factor = std::numeric_limits<std::uint64_t>::max();
  while (!text.empty()) {
    const auto whole = take_number(text);
    const auto thousandths = take_thousandths(text);
    const std::string_view name = take_letters(text);
    const Unit* unit = nullptr;
    for (const Unit& each : time_units) {
      if (each.name == name) unit = &each;
    }
    if (!whole || !thousandths || !unit || unit->factor >= previous_factor) return {};
    if (*whole > milliseconds_max / unit->factor) return {};
    total += *whole * unit->factor + *thousandths * unit->factor / 1000;
    previous_factor = unit->factor;
  }
  if (total > milliseconds_max) return {};
  return std::chrono::milliseconds(static_cast<std::int64_t>(total));
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return {};
  for (const Unit& unit : size_units) {
    if (unit.name != text) continue;
    if (*number > std::numeric_limits<std::uint64_t>::max() / unit.factor) return {};
    return *number * unit.factor;
  }
  return {};
}

std::string duration_text(std::chrono::milliseconds span) {
  if (span.count() == 0) return "0s";
  auto left = static_cast<std::uint64_t>(span.count());
  std::string text;
  for (const Unit& unit : time_units) {
    if (left < unit.factor) continue;
    text += std::to_string(left / unit.factor) + std::string(unit.name);
    left %= unit.factor;
  }
  return text;
}

std::string bytes_text(std::uint64_t bytes) {
  for (const Unit unit : {Unit{"TiB", 1ull << 40}, Unit{"GiB", 1ull << 30}, Unit{"MiB", 1ull << 20},
                          Unit{"KiB", 1ull << 10}}) {
    if (bytes != 0 && bytes % unit.factor == 0)
      return std::to_string(bytes / unit.factor) + std::string(unit.name);
  }
  return std::to_string(bytes);
}

}  // namespace portolan::base
