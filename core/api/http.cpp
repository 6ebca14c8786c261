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
  // Splitmix64: ids need not be secret, only different.
  thread_local std::uint64_t state =
      (std::uint64_t{std::random_device{}()} << 32) ^ std::random_device{}();
  std::uint64_t bits = state += 0x9E3779B97F4A7C15;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
  bits ^= bits >> 31;
  constexpr char hex[] = "0123456789abcdef";
  std::string id(16, '0');
  for (char& c : id) {
    c = hex[bits & 0xF];
    bits >>= 4;
  }
  return id;
}

}  // namespace portolan::api
