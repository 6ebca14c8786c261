// The small texts that a client sends: cursors, queries, paths, entity tags, keys.
#include "../promise.h"
#include "api/conditional.h"
#include "api/paging.h"
#include "api/target.h"
#include "base/text.h"

using namespace portolan;
using namespace portolan::api;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto after = decode_cursor("list", text)) {
    PROMISE(!after->empty() && encode_cursor("list", *after) == text);
    PROMISE(!decode_cursor("other", text));
  }
  if (const auto query = decode_query(text)) {
    std::string again;
    for (const auto& [name, value] : *query)
      again += percent_encode(name) + "=" + percent_encode(value) + "&";
    const auto same = decode_query(again.substr(0, again.empty() ? 0 : again.size() - 1));
    PROMISE(same && *same == *query);
  }
  if (const auto path = decode_path(text)) {
    std::string again;
    for (const std::string& segment : *path) again += "/" + percent_encode(segment);
    const auto same = decode_path(again.empty() ? "/" : again);
    PROMISE(same && *same == *path);
  }
  if (base::is_utf8(text)) {
    const std::string cursor = encode_cursor("list", {text});
    const auto after = decode_cursor("list", cursor);
    PROMISE(!after || (after->size() == 1 && after->front() == text));
  }
  const std::string etag = etag_of(text);
  PROMISE(matches_strongly(etag, etag) && matches_weakly("\"x\", W/" + etag, etag));
  PROMISE(!matches_strongly("W/" + etag, etag));
  matches_weakly(text, "\"1\"");
  (void)host_of(text);
  Request request;
  request.headers = {{"idempotency-key", text}, {"if-match", text}};
  const IdempotencyKey key = idempotency_key(request);
  PROMISE(key.key.empty() == key.wrong.has_value());
  (void)check_if_match(request, "\"1\"", true);
  return 0;
}
