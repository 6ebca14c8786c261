// Whatever is read as JSON is written as valid UTF-8 that reads back as the same value.
#include "base/json.h"

#include "../promise.h"
#include "base/text.h"

using namespace portolan::base;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<Json> value = parse_json(text);
  if (!value) {
    PROMISE(!value.error().message.empty());
    PROMISE(value.error().code == Code::protocol || value.error().code == Code::limit);
    PROMISE(is_utf8(value.error().message));
    return 0;
  }
  for (const bool pretty : {false, true}) {
    const std::string written = to_text(*value, pretty);
    PROMISE(is_utf8(written));
    const Result<Json> again = parse_json(written);
    PROMISE(again && *again == *value);
  }
  for (const auto& [key, member] : value->members()) {
    const Json* found = value->at_pointer(pointer_below("", key));
    PROMISE(found == &member);
  }
  (void)value->as_integer();
  (void)value->as_double();
  return 0;
}
