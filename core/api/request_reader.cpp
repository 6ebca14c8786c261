#include "api/wire.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <optional>

#include "api/target.h"
#include "base/text.h"

namespace portolan::api {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using std::string_view;
using BeastString = boost::beast::string_view;

constexpr std::size_t headers_max = 100;
constexpr std::size_t chunk_line_bytes = 4 * 1024;  // A chunk's size and its extensions, trailers.

string_view plain(BeastString text) { return {text.data(), text.size()}; }

std::string lower(string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_known_method(string_view method) {
  constexpr string_view known[] = {"GET",    "HEAD",    "POST",  "PUT",  "PATCH",
                                   "DELETE", "OPTIONS", "TRACE", "QUERY"};
  return std::find(std::begin(known), std::end(known), method) != std::end(known);
}

// Headers of which one value is meant: a second one is a mistake, or an attempt to be read in two
// ways. All others are lists (RFC 9110 §5.3).
bool is_single(string_view name) {
  constexpr string_view single[] = {
      "authorization", "content-length",  "content-type",  "expect", "host",
      "if-range",      "idempotency-key", "last-event-id", "origin", "transfer-encoding"};
  return std::find(std::begin(single), std::end(single), name) != std::end(single);
}

Refusal bad(string_view detail) { return {400, "bad_request", detail}; }

/// The rules that a lenient reader does not have, byte by byte as a head arrives.
class HeadScan {
 public:
  /// Looks at the bytes that it has not seen.
  void look(string_view bytes) {
    for (; at_ < bytes.size() && !complete_ && !wrong_; ++at_) take(bytes[at_]);
  }
  bool complete() const { return complete_; }
  const char* wrong() const { return wrong_; }
  std::size_t size() const { return at_; }
  std::size_t begin() const { return begin_; }  ///< Behind an empty line, which is let pass once.
  std::size_t first_line() const { return first_line_; }  ///< Where it ends; 0: not yet.

 private:
  void take(char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') return end_line();
    if (after_return_) {
      wrong_ = "a carriage return stands alone";
    } else if (c == '\r') {
      after_return_ = true;
    } else if ((byte < 0x20 && c != '\t') || byte == 0x7F) {
      wrong_ = "the head has a control character";
    } else if (line_length_ == 0 && lines_ > 0 && (c == ' ' || c == '\t')) {
      wrong_ = "a header is folded";
    } else if (lines_ == 0 && (byte >= 0x80 || c == '\t')) {
      wrong_ = "the request line has other characters than ASCII";
    } else {
      ++line_length_;
    }
  }

  void end_line() {
    if (!after_return_) {
      wrong_ = "a line feed stands alone";
      return;
    }
    after_return_ = false;
    if (line_length_ == 0 && lines_ == 0) {
      if (begin_ > 0) wrong_ = "the request begins with empty lines";
      begin_ = at_ + 1;
      return;
    }
    complete_ = line_length_ == 0;
    if (++lines_ == 1) first_line_ = at_ - 1;
    line_length_ = 0;
  }

  std::size_t at_ = 0, begin_ = 0, line_length_ = 0, lines_ = 0, first_line_ = 0;
  bool after_return_ = false, complete_ = false;
  const char* wrong_ = nullptr;
};

/// Beast's parser; it fills in a Request.
class Parser : public http::basic_parser<true> {
 public:
  Parser(Request& request, std::size_t body_bytes) : request_(request), body_bytes_(body_bytes) {
    header_limit(1 << 20);  // Ours is looked at before.
    body_limit(boost::none);
  }

  Refusal refusal{};
  int version = 11;

 private:
  void on_request_impl(http::verb, BeastString method, BeastString target, int version_read,
                       error_code&) override {
    request_.method = plain(method);
    request_.path = plain(target);
    version = version_read;
  }

  void on_field_impl(http::field, BeastString name_read, BeastString value,
                     error_code& error) override {
    if (is_header_done_) return;  // A trailer: it was not there when the request was decided on.
    std::string name = lower(plain(name_read));
    if (!base::is_utf8(plain(value))) return refuse(bad("a header is not UTF-8"), error);
    const auto same = [&](const auto& field) { return field.first == name; };
    const auto old = std::find_if(request_.headers.begin(), request_.headers.end(), same);
    if (old == request_.headers.end()) {
      if (request_.headers.size() == headers_max)
        return refuse({431, "head_too_large", "the request has too many headers"}, error);
      request_.headers.emplace_back(std::move(name), plain(value));
      return;
    }
    if (is_single(name)) return refuse(bad("a header stands twice that may stand once"), error);
    old->second += name == "cookie" ? "; " : ", ";
    old->second += plain(value);
  }

  void on_header_impl(error_code&) override { is_header_done_ = true; }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length) request_.body.reserve(std::min<std::size_t>(*length, 64 * 1024));
  }

  std::size_t on_body_impl(BeastString bytes, error_code& error) override {
    if (bytes.size() > body_bytes_ - request_.body.size()) {
      refuse({413, "body_too_large", "the body is larger than this server takes"}, error);
      return 0;
    }
    request_.body += plain(bytes);
    return bytes.size();
  }

  void on_chunk_header_impl(std::uint64_t size, BeastString, error_code& error) override {
    if (size > body_bytes_ - request_.body.size())
      refuse({413, "body_too_large", "the body is larger than this server takes"}, error);
  }

  std::size_t on_chunk_body_impl(std::uint64_t, BeastString bytes, error_code& error) override {
    return on_body_impl(bytes, error);
  }

  void on_finish_impl(error_code&) override {}
  void on_response_impl(int, BeastString, int, error_code&) override {}

  void refuse(const Refusal& why, error_code& error) {
    refusal = why;
    error = http::error::bad_field;
  }

  Request& request_;
  const std::size_t body_bytes_;
  bool is_header_done_ = false;
};

// "HTTP/2.0" at the end of a request line: a version, and none of ours.
bool names_another_version(string_view line) {
  if (line.size() < 8) return false;
  line.remove_prefix(line.size() - 8);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (line == "HTTP/1.1" || line == "HTTP/1.0") return false;
  return line.substr(0, 5) == "HTTP/" && is_digit(line[5]) && line[6] == '.' && is_digit(line[7]);
}

Refusal refusal_of(const error_code& error, string_view first_line) {
  if (error == http::error::bad_version && names_another_version(first_line))
    return {505, "http_version", "this server speaks HTTP/1.1 and HTTP/1.0"};
  if (error == http::error::bad_method) return bad("the method is no token");
  if (error == http::error::bad_target) return bad("the target has a character it may not have");
  if (error == http::error::bad_content_length || error == http::error::multiple_content_length ||
      error == http::error::bad_transfer_encoding)
    return bad("the length of the body is given in two ways, or in none that can be read");
  if (error == http::error::bad_chunk || error == http::error::bad_chunk_extension)
    return bad("the body is not chunked as it should be");
  return bad("the head is not as RFC 9112 has it");
}

// Of "GET http://host/path HTTP/1.1" only the path is kept; its authority must be the Host.
std::optional<Refusal> take_absolute(std::string& target, const std::string* host) {
  for (const string_view scheme : {"http://", "https://"}) {
    if (lower(string_view(target).substr(0, scheme.size())) != scheme) continue;
    const std::size_t end = std::min(target.find_first_of("/?", scheme.size()), target.size());
    const string_view authority = string_view(target).substr(scheme.size(), end - scheme.size());
    if (!host || lower(authority) != lower(*host))
      return bad("the target names another host than the Host header");
    target.erase(0, end);
    if (target.empty() || target.front() != '/') target.insert(0, "/");
    return {};
  }
  return {};
}

std::optional<Refusal> read_target(Request& request) {
  if (request.path.size() > target_bytes_max)
    return Refusal{414, "target_too_long", "the target is longer than 8 KiB"};
  if (auto refusal = take_absolute(request.path, request.header("host"))) return refusal;
  if (request.path == "*" && request.method == "OPTIONS") return {};
  const std::size_t mark = request.path.find('?');
  const std::string query = mark == std::string::npos ? "" : request.path.substr(mark + 1);
  request.path.resize(std::min(mark, request.path.size()));
  auto segments = decode_path(request.path);
  if (!segments) return bad("the path is not as RFC 3986 has it, or not UTF-8");
  auto fields = decode_query(query);
  if (!fields) return bad("the query is not as RFC 3986 has it, or not UTF-8");
  request.segments = *std::move(segments);
  request.query = *std::move(fields);
  return {};
}

std::optional<Refusal> check_length(const Request& request, int version, std::size_t most) {
  if (const std::string* coding = request.header("transfer-encoding")) {
    if (version == 10) return bad("HTTP/1.0 has no Transfer-Encoding");
    if (lower(*coding) != "chunked") return bad("the only Transfer-Encoding is \"chunked\"");
  }
  const std::string* length = request.header("content-length");
  if (!length) return {};
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (length->empty() || length->size() > 18 ||
      !std::all_of(length->begin(), length->end(), is_digit))
    return bad("Content-Length is no plain number");
  if (std::stoull(*length) > most)
    return Refusal{413, "body_too_large", "the body is larger than this server takes"};
  return {};
}

std::optional<Refusal> check_head(Request& request, int version, std::size_t body_bytes) {
  if (!is_known_method(request.method))
    return Refusal{501, "unknown_method", "this server does not know the method"};
  const std::string* host = request.header("host");
  if (!host && version > 10) return bad("the Host header is missing");
  if (host && !host_of(*host)) return bad("the Host header is no host");
  if (auto refusal = check_length(request, version, body_bytes)) return refusal;
  if (const std::string* expect = request.header("expect");
      expect && lower(*expect) != "100-continue")
    return Refusal{417, "expectation_failed", "the only expectation is \"100-continue\""};
  return read_target(request);
}

}  // namespace

struct RequestReader::Parse {
  Limits limits;
  State state = State::head;
  Refusal refusal{};
  Request request{};
  HeadScan scan{};
  std::optional<Parser> parser{};
  std::size_t body_bytes = 0;

  void refuse(const Refusal& why) {
    refusal = why;
    state = State::refused;
    request.path.resize(std::min(request.path.find('?'), request.path.size()));
  }
  std::size_t read_head(string_view bytes);
  std::size_t read_body(string_view bytes);
  void refuse(const error_code& error, string_view first_line = {}) {
    refuse(parser->refusal.status ? parser->refusal : refusal_of(error, first_line));
  }
};

std::size_t RequestReader::Parse::read_head(string_view bytes) {
  scan.look(bytes.substr(0, limits.head_bytes));
  if (scan.wrong()) {
    refuse(bad(scan.wrong()));
    return 0;
  }
  if (!scan.complete()) {
    if (bytes.size() >= limits.head_bytes)
      refuse(scan.first_line() == 0 ? Refusal{414, "target_too_long", "the target is too long"}
                                    : Refusal{431, "head_too_large", "the headers are too large"});
    return 0;
  }
  parser.emplace(request, limits.body_bytes);
  error_code error;
  const std::string_view head = bytes.substr(scan.begin(), scan.size() - scan.begin());
  parser->put({head.data(), head.size()}, error);
  if (error) {
    refuse(error, bytes.substr(0, scan.first_line()));
    return 0;
  }
  if (auto refusal_found = check_head(request, parser->version, limits.body_bytes)) {
    refuse(*refusal_found);
    return 0;
  }
  state = parser->is_done() ? State::done : State::body;
  return scan.size();
}

std::size_t RequestReader::Parse::read_body(string_view bytes) {
  std::size_t used = 0;
  error_code error;
  while (!parser->is_done() && !error && used < bytes.size())
    used += parser->put({bytes.data() + used, bytes.size() - used}, error);
  body_bytes += used;
  if (parser->is_done()) {
    state = State::done;
    return used;
  }
  if (error && error != http::error::need_more) {
    refuse(error);
  } else if (bytes.size() - used > chunk_line_bytes) {
    refuse(bad("a chunk's extensions or the trailers are too long"));
  } else if (body_bytes > 8 * limits.body_bytes + chunk_line_bytes) {
    refuse(bad("the body comes in chunks that are too small"));
  }
  return used;
}

RequestReader::RequestReader(Limits limits) : parse_(new Parse{.limits = limits}) {}
RequestReader::~RequestReader() = default;

std::size_t RequestReader::read(string_view bytes) {
  std::size_t used = 0;
  if (parse_->state == State::head) used = parse_->read_head(bytes);
  if (parse_->state == State::body) used += parse_->read_body(bytes.substr(used));
  return used;
}

RequestReader::State RequestReader::state() const { return parse_->state; }
const Refusal& RequestReader::refusal() const { return parse_->refusal; }
bool RequestReader::began() const { return parse_->scan.size() > 0; }
bool RequestReader::is_http_1_0() const { return parse_->parser && parse_->parser->version == 10; }
std::size_t RequestReader::body_bytes() const { return parse_->body_bytes; }
Request& RequestReader::request() { return parse_->request; }

bool RequestReader::wants_continue() const {
  return parse_->state == State::body && parse_->body_bytes == 0 && !is_http_1_0() &&
         parse_->request.header("expect");
}

bool RequestReader::keep_alive() const {
  return parse_->state == State::done && parse_->parser->keep_alive();
}

void RequestReader::reset() {
  // What it was made of is used again.
  Request& request = parse_->request;
  request.method.clear();
  request.path.clear();
  request.segments.clear();
  request.query.clear();
  request.headers.clear();
  std::string().swap(request.body);
  request.id.clear();
  request.route = {};
  request.error.clear();
  request.fault.clear();
  parse_->state = State::head;
  parse_->scan = {};
  parse_->parser.reset();
  parse_->body_bytes = 0;
}

}  // namespace portolan::api
