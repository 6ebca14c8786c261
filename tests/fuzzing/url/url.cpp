// Every reader of addresses and URLs, on one text. The first line is the base of what follows it.
#include "base/url.h"

#include <algorithm>

#include "../promise.h"

using namespace portolan::base;

namespace {

void check_canonical(const Url& url) {
  const auto harmless = [](char c) { return c > 0x20 && c < 0x7F; };
  const std::string text = url.text();
  PROMISE(std::all_of(text.begin(), text.end(), harmless));
  PROMISE(url.scheme == "http" || url.scheme == "https");
  PROMISE(!url.host.empty() && url.host.find_first_of("@/?#%[]\\") == std::string::npos);
  PROMISE(url.port > 0 && url.port < 65536);
  PROMISE(url.path.empty() || url.path.front() == '/');
  PROMISE(url.path.find_first_of("?#") == std::string::npos);
  PROMISE(text.size() <= url_bytes_max);
  const Result<Url> again = parse_url(text);
  PROMISE(again && *again == url);
}

void check_refusal(const Error& error, Code code) {
  PROMISE(error.code == code);
  PROMISE(!error.message.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const Result<Url> address = parse_address(text)) {
    check_canonical(*address);
    PROMISE(address->query.empty());
    PROMISE(address->path.empty() || address->path.back() != '/');
    const Result<Url> again = parse_address(address->text());
    PROMISE(again && *again == *address);
  } else {
    check_refusal(address.error(), Code::invalid_config);
  }

  const std::string_view first = text.substr(0, text.find('\n'));
  const Result<Url> base = parse_url(first);
  if (!base) {
    check_refusal(base.error(), Code::protocol);
    return 0;
  }
  check_canonical(*base);
  const std::string_view reference = text.substr(std::min(text.size(), first.size() + 1));
  if (const Result<Url> target = resolve(*base, reference))
    check_canonical(*target);
  else
    check_refusal(target.error(), Code::protocol);
  if (const Result<Url> target = below(*base, reference)) {
    check_canonical(*target);
    if (reference.substr(0, 1) == "/") {
      PROMISE(target->origin() == base->origin());
      PROMISE(target->path.compare(0, base->path.size(), base->path) == 0);
    }
  }
  return 0;
}
