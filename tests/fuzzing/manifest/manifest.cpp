// A file of desired state, from bytes to registries.
#include "manifest/manifest.h"

#include <algorithm>
#include <sstream>

#include "../promise.h"
#include "base/text.h"
#include "base/url.h"

using namespace portolan;

namespace {

const manifest::TypeSchemas& types() {
  static const manifest::TypeSchemas known = [] {
    manifest::TypeSchemas made;
    made.ready.emplace("t", *base::Schema::compile(
                                R"({"type":"object","additionalProperties":false,"properties":{
            "credentials":{"type":"object","additionalProperties":false,"properties":{
              "username":{"type":"string"},"password":{"type":"string","x-secret":true}}},
            "options":{"type":"object","additionalProperties":false,"properties":{
              "n":{"type":"integer","minimum":1,"default":5}}}}})"));
    made.unavailable.insert("gone");
    return made;
  }();
  return known;
}

manifest::Reading read(const std::string& text) {
  std::istringstream in(text);
  return manifest::read({"-"}, types(), in);
}

void check_mistake(const manifest::Mistake& mistake, int lines) {
  PROMISE(!mistake.message.empty());
  const std::string text = to_text(mistake);
  PROMISE(base::is_utf8(text));
  PROMISE(std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }));
  PROMISE(mistake.line >= 0 && mistake.line <= lines + 1);
  PROMISE(mistake.line == 0 || mistake.column > 0);
}

// A tree that came from YAML says the same when it is written as JSON.
void check_json_twin(const manifest::Document& document, bool flawless) {
  const auto again = read(base::to_text(document.value));
  if (!document.value.is_object()) return;
  PROMISE(again.manifest.documents.size() == 1);
  PROMISE(again.manifest.documents[0].value == document.value);
  if (flawless) PROMISE(again.mistakes.empty());
}

void check_registries(const manifest::Manifest& manifest) {
  std::istringstream nothing;
  const manifest::References references{[](const std::string&) { return std::string("x"); },
                                        nothing};
  const auto resolution = resolve(manifest, references);
  PROMISE(resolution.registries.size() == registry_names(manifest).size());
  for (const auto& wanted : resolution.registries) {
    const auto url = base::parse_address(wanted.registry.address);
    PROMISE(url && url->text() == wanted.registry.address);
    PROMISE(base::parse_json(wanted.registry.options_json));
    PROMISE(wanted.registry.timeouts.connect.count() > 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  const auto reading = read(text);
  for (const auto& mistake : reading.mistakes) check_mistake(mistake, lines + 1);
  if (reading.mistakes.empty()) PROMISE(!reading.manifest.documents.empty());
  if (reading.manifest.documents.size() == 1 && reading.mistakes.empty()) {
    check_json_twin(reading.manifest.documents[0], reading.manifest.documents[0].value.is_object());
  }
  // A reference to a file would read whatever the input names.
  if (reading.mistakes.empty() && text.find("ile") == std::string::npos)
    check_registries(reading.manifest);
  return 0;
}
