#pragma once
/// What a real Harbor 2.15.2 answered (tests/rigs/simulated_harbor/recordings).
#include <fstream>
#include <portolan/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>

/// The body of the recorded exchange of that name, "<what>__<caller>".
inline portolan::json recorded(const std::string& name) {
  static const portolan::json all = [] {
    std::stringstream text;
    text << std::ifstream(RECORDINGS).rdbuf();
    return portolan::json::parse(text.str());
  }();
  std::int64_t shown = -1, at = 0;
  all["exchanges"].each([&](portolan::json exchange) {
    if (exchange["name"].string_or("") == name) shown = exchange["shown"].integer_or(-1);
  });
  portolan::json body;
  all["bodies"].each([&](portolan::json one) {
    if (at++ == shown) body = one;
  });
  if (!body) throw std::out_of_range("no recording " + name);
  return body;
}

inline portolan::json first_of(const portolan::json& rows) {
  portolan::json first;
  rows.each([&](portolan::json row) {
    if (!first) first = row;
  });
  return first;
}
