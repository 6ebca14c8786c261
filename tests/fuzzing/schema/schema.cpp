// A schema from the first line, a document from the rest.
#include "base/schema.h"

#include "../promise.h"
#include "base/text.h"

using namespace portolan::base;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view first = text.substr(0, text.find('\n'));
  const Result<Schema> schema = Schema::compile(first);
  if (!schema) {
    PROMISE(schema.error().code == Code::invalid_config);
    PROMISE(!schema.error().message.empty() && is_utf8(schema.error().message));
    return 0;
  }
  for (const SchemaField& field : schema->fields()) {
    PROMISE(!field.type.empty() && !field.expected.empty());
    PROMISE(!field.secret || (field.default_text.empty() && field.choices.empty()));
  }
  const Result<Json> document = parse_json(text.substr(std::min(text.size(), first.size() + 1)));
  if (!document) return 0;
  const auto mistakes = schema->check(*document);
  for (const SchemaMistake& mistake : mistakes) {
    PROMISE(!mistake.expected.empty() && is_utf8(mistake.found));
    PROMISE(mistake.about_key || document->at_pointer(mistake.pointer));
  }
  const Json filled = schema->with_defaults(*document);
  if (mistakes.empty()) PROMISE(schema->check(filled).empty());
  PROMISE(schema->with_defaults(filled) == filled);
  return 0;
}
