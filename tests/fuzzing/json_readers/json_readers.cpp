// The host's reader of JSON and the one that plugin authors get agree: on what is JSON, and on what
// it says.
#include <portolan/json.hpp>

#include "../promise.h"
#include "base/json.h"

namespace base = portolan::base;

namespace {

void check_same(const base::Json& host, const portolan::json& author) {
  switch (host.type()) {
    case base::Json::Type::null: PROMISE(author.is_null()); break;
    case base::Json::Type::boolean: PROMISE(author.boolean() == host.as_bool()); break;
    case base::Json::Type::number:
      PROMISE(author.number_text() == host.number_text());
      // Only the host reads 1.0 and 1e3 as integers.
      if (author.integer()) PROMISE(author.integer() == host.as_integer());
      break;
    case base::Json::Type::string: PROMISE(author.string() == *host.as_string()); break;
    case base::Json::Type::array: {
      PROMISE(author.is_array() && author.size() == host.items().size());
      std::size_t at = 0;
      author.each([&](const portolan::json& item) { check_same(host.items()[at++], item); });
      break;
    }
    case base::Json::Type::object: {
      PROMISE(author.is_object() && author.size() == host.members().size());
      std::size_t at = 0;
      author.each([&](const std::string& key, const portolan::json& value) {
        PROMISE(key == host.members()[at].first);
        check_same(host.members()[at++].second, value);
      });
      break;
    }
  }
}

// RapidJSON refuses what no double can hold; the author's reader keeps it as text.
bool is_about_size(const base::Error& error) {
  return error.message.find("too big") != std::string::npos || error.code == base::Code::limit;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const base::Result<base::Json> host = base::parse_json(text);
  try {
    const portolan::json author = portolan::json::parse(text);
    if (host)
      check_same(*host, author);
    else
      PROMISE(is_about_size(host.error()));
  } catch (const portolan::failure&) {
    PROMISE(!host);
  }
  return 0;
}
