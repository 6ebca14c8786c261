// The authors' reader of Link headers, on any header of any registry: never another host, never a
// circle.
#include <algorithm>
#include <portolan/pager.hpp>

#include "../promise.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string path = "/v2/_catalog";
  portolan::response page;
  page.method = "GET";
  page.url = "https://registry.example/prefix" + path;
  page.headers = {{"link", std::string(reinterpret_cast<const char*>(data), size)}};

  portolan::pager pages(path + "?n=1000");
  try {
    pages.follow(page);
  } catch (const portolan::failure& problem) {
    PROMISE(problem.code == PORTOLAN_PROTOCOL);
    PROMISE(!pages.next());
    return 0;
  }
  if (!pages.next()) return 0;
  const std::string next = *pages.next();
  PROMISE(next.starts_with(path + "?"));
  PROMISE(std::all_of(next.begin(), next.end(),
                      [](char c) { return c > 0x20 && c < 0x7F && c != '<' && c != '>'; }));
  PROMISE(next.find('#') == std::string::npos);
  try {
    pages.follow(page);
    PROMISE(false);  // The same page again would go on for ever.
  } catch (const portolan::failure& problem) {
    PROMISE(problem.code == PORTOLAN_PROTOCOL);
  }
  return 0;
}
