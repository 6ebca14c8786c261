#include <algorithm>
#include <charconv>
#include <optional>
#include <type_traits>

#include "base/host_name.h"
#include "base/quantity.h"
#include "base/schema.h"
#include "base/url.h"
#include "config/setting.h"
#include "config/settings.h"

namespace portolan::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t unix_path_bytes = 107;  // sockaddr_un without the zero at its end.

std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (const auto part = trimmed(text.substr(0, comma)); !part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

template <class Parts, class Text>
std::string joined(const Parts& parts, const Text& text) {
  std::string all;
  for (const auto& part : parts) all += (all.empty() ? "" : ", ") + text(part);
  return all;
}

std::optional<std::uint64_t> whole(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

std::string number_text(Kind kind, std::uint64_t number) {
  if (kind == Kind::bytes) return base::bytes_text(number);
  if (kind == Kind::duration)
    return base::duration_text(milliseconds(static_cast<std::int64_t>(number)));
  return std::to_string(number) + (kind == Kind::percent ? "%" : "");
}

std::string outside(const Setting& setting, std::uint64_t number) {
  const Bounds& bounds = setting.bounds;
  if (number == 0 && bounds.or_zero) return {};
  const std::string text = in_quotes(number_text(setting.kind, number));
  if (number < bounds.least)
    return text + " is less than " + number_text(setting.kind, bounds.least);
  if (number > bounds.most) return text + " is more than " + number_text(setting.kind, bounds.most);
  return {};
}

bool is_ip_literal(const std::string& host) {
  return host.find(':') != host.npos || std::all_of(host.begin(), host.end(), [](char c) {
           return c == '.' || (c >= '0' && c <= '9');
         });
}

bool is_loopback(const std::string& host) {
  return base::Url{.scheme = "http", .host = host, .port = 1}.is_loopback_literal();
}

/// One entry of server.listen; otherwise `problem` says why not.
std::optional<ListenAddress> listen_address(std::string_view text, std::string& problem) {
  ListenAddress to;
  std::string_view rest = text;
  const auto begins = [&rest](std::string_view with) {
    if (rest.substr(0, with.size()) != with) return false;
    rest.remove_prefix(with.size());
    return true;
  };
  if (begins("unix:")) {
    to.unix_path = rest;
    problem = !to.unix_path.is_absolute() ? in_quotes(text) + " is not unix: and an absolute path"
              : rest.size() > unix_path_bytes ? in_quotes(text) +
                                                    " is longer than a socket's name "
                                                    "may be (107 bytes)"
                                              : "";
    if (!problem.empty()) return {};
    return to;
  }
  const bool plain = begins("http://"), tls = !plain && begins("https://");
  const std::size_t colon = std::min(rest.rfind(':'), rest.size());
  const auto host = base::canonical_host(rest.substr(0, colon), problem);
  const auto port = whole(rest.substr(std::min(colon + 1, rest.size())));
  const bool literal = host && (is_ip_literal(*host) || *host == "localhost");
  if (!literal || !port || *port > 65535) {
    problem = in_quotes(text) +
              " is not an address such as 127.0.0.1:7070, https://[::]:7443 or "
              "unix:/run/portolan/portolan.sock";
    return {};
  }
  to.address = *host;
  to.port = static_cast<int>(*port);
  to.tls = tls || (!plain && !is_loopback(*host));
  return to;
}

std::string listen_text(const ListenAddress& each) {
  if (!each.unix_path.empty()) return "unix:" + each.unix_path.string();
  const std::string host =
      each.address.find(':') == std::string::npos ? each.address : '[' + each.address + ']';
  const char* scheme = each.tls ? "https://" : is_loopback(each.address) ? "" : "http://";
  return scheme + host + ':' + std::to_string(each.port);
}

/// assign() by the type of the field.
struct Assign {
  const Setting& setting;
  std::string_view text;

  std::string operator()(std::string* to) const {
    if (setting.kind != Kind::url || text.empty()) {
      *to = text;
      return {};
    }
    const auto url = base::parse_address(text);
    if (!url) return "not an address: " + url.error().message;
    *to = url->text();
    return {};
  }
  std::string operator()(std::uint64_t* to) const {
    const bool percent = setting.kind == Kind::percent;
    std::optional<std::uint64_t> number;
    if (setting.kind == Kind::bytes) {
      number = base::parse_bytes(text);
    } else if (!percent) {
      number = whole(text);
    } else if (!text.empty() && text.back() == '%') {
      number = whole(text.substr(0, text.size() - 1));
    }
    if (!number) {
      return in_quotes(text) + " is not " +
             (percent                       ? "a whole percentage such as 10%"
              : setting.kind == Kind::bytes ? "a size such as 512, 64KiB or 1MiB"
                                            : "a whole number");
    }
    if (auto problem = outside(setting, *number); !problem.empty()) return problem;
    *to = *number;
    return {};
  }
  std::string operator()(milliseconds* to) const {
    const auto span = base::parse_duration(text);
    if (!span) return in_quotes(text) + " is not a duration such as 500ms, 5s, 2m, 8h or 90d";
    auto problem = outside(setting, static_cast<std::uint64_t>(span->count()));
    if (problem.empty()) *to = *span;
    return problem;
  }
  std::string operator()(bool* to) const {
    if (text != "true" && text != "false") return in_quotes(text) + " is neither true nor false";
    *to = text == "true";
    return {};
  }
  std::string operator()(fs::path* to) const {
    *to = text;
    return {};
  }
  std::string operator()(Flap* to) const {
    const std::size_t slash = std::min(text.find('/'), text.size());
    const auto count = whole(text.substr(0, slash));
    const auto window = whole(text.substr(std::min(slash + 1, text.size())));
    if (!count || !window) return in_quotes(text) + " is not a fraction such as 2/3";
    if (*count < setting.bounds.least || *window > setting.bounds.most || *count > *window) {
      return in_quotes(text) + " is not between " + std::to_string(setting.bounds.least) + "/" +
             std::to_string(setting.bounds.most) + " and all of at most " +
             std::to_string(setting.bounds.most);
    }
    *to = {*count, *window};
    return {};
  }
  std::string operator()(std::vector<ListenAddress>* to) const {
    std::vector<ListenAddress> found;
    for (const auto& part : list_of(text)) {
      std::string problem;
      auto one = listen_address(part, problem);
      if (!one) return problem;
      if (std::find(found.begin(), found.end(), *one) != found.end() &&
          (one->port != 0 || !one->unix_path.empty()))
        return in_quotes(part) + " stands there twice";
      found.push_back(*std::move(one));
    }
    *to = std::move(found);
    return {};
  }
  std::string operator()(std::vector<std::string>* to) const {
    auto parts = list_of(text);
    for (auto& part : parts) {
      std::string problem;
      if (setting.kind != Kind::hosts) break;
      const auto host = base::canonical_host(part, problem);
      if (!host) return in_quotes(part) + " is no host name without port: " + problem;
      part = *host;
    }
    *to = std::move(parts);
    return {};
  }
  std::string operator()(std::vector<fs::path>* to) const {
    const auto parts = list_of(text);
    to->assign(parts.begin(), parts.end());
    return {};
  }
  std::string operator()(std::set<std::string>* to) const {
    const auto parts = list_of(text);
    for (const auto& part : parts) {
      if (!is_type_name(part)) return in_quotes(part) + " is no registry type";
    }
    *to = {parts.begin(), parts.end()};
    return {};
  }
  template <class Choice>
  requires std::is_enum_v<Choice> std::string operator()(Choice* to) const {
    const auto& choices = setting.choices;
    const auto found = std::find(choices.begin(), choices.end(), text);
    if (found == choices.end()) {
      const auto nearest = base::nearest_name(text, choices);
      return in_quotes(text) + " is none of: " + joined(choices, [](const auto& c) { return c; }) +
             (nearest.empty() ? "" : ", did you mean " + in_quotes(nearest) + "?");
    }
    *to = static_cast<Choice>(found - choices.begin());
    return {};
  }
};

/// text_of() by the type of the field.
struct Text {
  const Setting& setting;

  std::string operator()(const std::string* from) const { return *from; }
  std::string operator()(const std::uint64_t* from) const {
    return number_text(setting.kind, *from);
  }
  std::string operator()(const milliseconds* from) const { return base::duration_text(*from); }
  std::string operator()(const bool* from) const { return *from ? "true" : "false"; }
  std::string operator()(const fs::path* from) const { return from->string(); }
  std::string operator()(const Flap* from) const {
    return std::to_string(from->count) + '/' + std::to_string(from->window);
  }
  std::string operator()(const std::vector<ListenAddress>* from) const {
    return joined(*from, listen_text);
  }
  std::string operator()(const std::vector<std::string>* from) const {
    return joined(*from, [](const auto& each) { return each; });
  }
  std::string operator()(const std::vector<fs::path>* from) const {
    return joined(*from, [](const auto& each) { return each.string(); });
  }
  std::string operator()(const std::set<std::string>* from) const {
    return joined(*from, [](const auto& each) { return each; });
  }
  template <class Choice>
  requires std::is_enum_v<Choice> std::string operator()(const Choice* from) const {
    return setting.choices[static_cast<std::size_t>(*from)];
  }
};

}  // namespace

std::string assign(const Setting& setting, std::string_view text) {
  return std::visit(Assign{setting, trimmed(text)}, setting.field);
}

std::string text_of(const Setting& setting) { return std::visit(Text{setting}, setting.field); }

std::string kind_text(const Setting& setting) {
  switch (setting.kind) {
    case Kind::text: return "text";
    case Kind::url: return "URL";
    case Kind::number: return "whole number";
    case Kind::percent: return "percentage";
    case Kind::fraction: return "fraction";
    case Kind::bytes: return "size";
    case Kind::duration: return "duration";
    case Kind::boolean: return "true or false";
    case Kind::choice: return joined(setting.choices, [](const auto& each) { return each; });
    case Kind::file: return "file";
    case Kind::directory: return "directory";
    case Kind::listen: return "list of addresses";
    case Kind::networks: return "list of networks";
    case Kind::hosts: return "list of host names";
    case Kind::directories: return "list of directories";
    case Kind::types: return "list of types";
  }
  return {};
}

}  // namespace portolan::config
