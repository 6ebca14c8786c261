// What a server reads from a connection, up to the answer: the reader, then the routes. The first
// byte says in which pieces the rest comes.
#include <algorithm>

#include "../promise.h"
#include "api/paging.h"
#include "api/wire.h"
#include "base/text.h"

using namespace portolan;
using namespace portolan::api;
using State = RequestReader::State;

namespace {

constexpr RequestReader::Limits limits{.head_bytes = 2048, .body_bytes = 4096};

base::Result<Answer> echo(Call& call) {
  base::Json json = base::Json::object({{"query", call.query}, {"body", call.body}});
  for (const auto& [name, value] : call.path) json.set(name, base::Json::string(value));
  Answer answer = json_answer(json);
  auto page = read_page(call, "list");
  if (page && !page->after.empty()) link_next(answer, call, "list", page->after);
  return answer;
}

Route route(const char* method, const char* path, const char* operation) {
  return {.method = method,
          .path = path,
          .operation = operation,
          .tag = "t",
          .summary = "s",
          .answers = {{.status = 200}},
          .security = std::string(security_none),
          .handler = echo};
}

std::shared_ptr<const RouteTable> make_table() {
  Routes routes;
  routes.component(
      "Body",
      R"({"type": "object", "additionalProperties": false, "required": ["name"], "properties": {
    "name": {"type": "string"}, "size": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}}})");
  Route list = route("GET", "/a", "list");
  list.parameters = page_parameters();
  list.parameters.push_back(
      {Parameter::In::query, "state", R"({"type": "array", "items": {"type": "string"}})", "s"});
  routes.add(list);
  Route get = route("GET", "/a/{name}", "get");
  get.parameters = {
      {Parameter::In::path, "name", R"({"type": "string", "pattern": "^[a-z/]*$"})", "n"}};
  routes.add(get);
  Route post = route("POST", "/a", "post");
  post.body = "Body";
  routes.add(post);
  return *RouteTable::make(std::move(routes), {}, {"t", "1", ""});
}

bool is_plain(const std::string& text) {
  const auto control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  };
  return base::is_utf8(text) && std::none_of(text.begin(), text.end(), control);
}

void check_request(const Request& request) {
  PROMISE(!request.path.empty() && is_plain(request.path) &&
          request.path.find('?') == std::string::npos);
  PROMISE(request.body.size() <= limits.body_bytes);
  for (const std::string& segment : request.segments)
    PROMISE(is_plain(segment) && segment != "." && segment != "..");
  for (const auto& [name, value] : request.query)
    PROMISE(!name.empty() && is_plain(name) && is_plain(value));
  for (const auto& [name, value] : request.headers) PROMISE(is_plain(name) && is_plain(value));
  PROMISE(!(request.header("content-length") && request.header("transfer-encoding")));
}

void check_answer(const Answer& answer, const std::string& head) {
  PROMISE(answer.status >= 200 && answer.status < 500);
  if (answer.body) PROMISE(base::is_utf8(*answer.body));
  PROMISE(head.find("\r\n\r\n") == head.size() - 4);
  std::size_t lengths = 0;
  for (std::size_t at = 0; (at = head.find("\r\nContent-Length: ", at)) != std::string::npos; ++at)
    ++lengths;
  PROMISE(lengths == (answer.status == 204 || answer.status == 304 ? 0 : 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::shared_ptr<const RouteTable> table = make_table();
  static const Handler handler = RouteTable::handler(table);
  if (size == 0) return 0;
  const std::size_t step = data[0] == 0 ? size : data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  RequestReader reader(limits);
  std::size_t begin = 0, end = 0;
  for (int requests = 0; requests < 8 && reader.state() != State::refused;) {
    const std::size_t used = reader.read(bytes.substr(begin, end - begin));
    PROMISE(used <= end - begin);
    begin += used;
    PROMISE(end - begin <= limits.head_bytes + step + 4096);  // It is not waited for without end.
    if (reader.state() == State::done) {
      Request& request = reader.request();
      check_request(request);
      request.id = request_id(request.header("x-request-id"));
      const Answer answer = handler(request).run(request);
      check_answer(answer, answer_head(answer, request.id, {}, date_now()));
      reader.reset();
      ++requests;
      continue;
    }
    if (end == bytes.size()) break;
    end = std::min(end + step, bytes.size());
  }
  if (reader.state() == State::refused) {
    PROMISE(reader.refusal().status >= 400 && !reader.refusal().code.empty() &&
            !reader.keep_alive());
    PROMISE(reader.request().path.find('?') == std::string::npos);
  }
  return 0;
}
