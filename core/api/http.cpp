#include "api/http.h"

#include <algorithm>
#include <random>

namespace portolan::api {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

const std::string* find(const Fields& fields, std::string_view name) {
  const auto same = [&](const auto& field) { return same_name(field.first, name); };
  const auto found = std::find_if(fields.begin(), fields.end(), same);
  return found == fields.end() ? nullptr : &found->second;
}

}  // namespace

const std::string* Request::header(std::string_view name) const { return find(headers, name); }
const std::string* Answer::header(std::string_view name) const { return find(headers, name); }

std::string request_id(const std::string* sent) {
  constexpr std::size_t longest = 64;
  const auto sane = [](char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' ||
           c == '_' || c == '-';
  };
  if (sent && !sent->empty() && sent->size() <= longest &&
      std::all_of(sent->begin(), sent->end(), sane))
    return *sent;
  thread_local std::mt19937_64 random{std::random_device{}() ^
                                      (std::uint64_t{std::random_device{}()} << 32)};
  constexpr char hex[] = "0123456789abcdef";
  std::string id(16, '0');
  std::uint64_t bits = random();
  for (char& c : id) {
    c = hex[bits & 0xF];
    bits >>= 4;
  }
  return id;
}

}  // namespace portolan::api
