/// Takes a secret out of a JSON answer before a plugin sees it.
#include <algorithm>

#include "base/json.h"
#include "model/limits.h"
#include "services/vault.h"

namespace portolan::services {
namespace {

using base::Json;

/// The first name of a pointer that begins with '/', unescaped; `pointer` becomes the rest.
std::string take_name(std::string_view& pointer) {
  const auto end = std::min(pointer.find('/', 1), pointer.size());
  std::string name;
  for (std::size_t i = 1; i < end; ++i) {
    const bool escape = pointer[i] == '~' && i + 1 < end;
    name += escape ? (pointer[++i] == '1' ? '/' : '~') : pointer[i];
  }
  pointer.remove_prefix(end);
  return name;
}

/// `document` with the value at `pointer`, which exists, replaced.
Json replaced(const Json& document, std::string_view pointer, const Json& value) {
  if (pointer.empty()) return value;
  const auto name = take_name(pointer);
  if (document.is_array()) {
    auto items = document.items();
    auto& item = items[std::stoul(name)];
    item = replaced(item, pointer, value);
    return Json::array(std::move(items));
  }
  auto copy = document;
  copy.set(name, replaced(*document.find(name), pointer, value));
  return copy;
}

}  // namespace

base::Result<std::string> seal_in(
    std::string_view json, std::string_view pointer,
    const std::function<base::Result<std::string>(base::Secret)>& seal) {
  const auto refuse = [](const char* message) {
    return base::Error{.code = base::Code::protocol,
                       .message = message,
                       .hint = "Nothing of the answer was shown to the plugin."};
  };
  const auto document = base::parse_json(json, {.bytes = model::limits::token_bytes});
  if (!document) return refuse("the answer that should hold a secret is no JSON");
  const auto* found = document->at_pointer(pointer);
  const auto* text = found ? found->as_string() : nullptr;
  if (!text) return refuse("the answer does not hold the secret where it should be");

  auto handle = seal(base::Secret(*text));
  if (!handle) return std::move(handle).error();
  const auto reference = Json::object({{"$secret", Json::string(*std::move(handle))}});
  return base::to_text(replaced(*document, pointer, reference));
}

}  // namespace portolan::services
