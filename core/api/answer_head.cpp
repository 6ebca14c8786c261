#include "api/wire.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace portolan::api {
namespace {

using std::string_view;

// The server says these itself, and once.
bool is_ours(string_view name) {
  constexpr string_view ours[] = {"content-length", "connection", "transfer-encoding", "date",
                                  "x-request-id"};
  std::string lower(name);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  return std::find(std::begin(ours), std::end(ours), lower) != std::end(ours);
}

bool fits_a_line(string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
}

void add(std::string& head, string_view name, string_view value) {
  head += name;
  head += ": ";
  head += value;
  head += "\r\n";
}

void add_framing(std::string& head, const Answer& answer, const Framing& framing) {
  if (framing.body == Framing::Body::chunked) add(head, "Transfer-Encoding", "chunked");
  if (framing.body == Framing::Body::length && answer.status != 204 && answer.status != 304)
    add(head, "Content-Length", std::to_string(answer.body ? answer.body->size() : 0));
  if (!framing.keep_alive)
    add(head, "Connection", "close");
  else if (framing.http_1_0)
    add(head, "Connection", "keep-alive");
}

}  // namespace

string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "";  // The phrase may be empty (RFC 9112 §4).
  }
}

std::string answer_head(const Answer& answer, string_view request_id, const Framing& framing,
                        string_view date) {
  std::string head;
  head.reserve(384);
  head += "HTTP/1.1 ";
  head += std::to_string(answer.status);
  head += ' ';
  head += reason_phrase(answer.status);
  head += "\r\n";
  add(head, "Date", date);
  if (!request_id.empty()) add(head, "X-Request-Id", request_id);
  add(head, "X-Content-Type-Options", "nosniff");
  if (!answer.header("cache-control")) add(head, "Cache-Control", "no-store");
  for (const auto& [name, value] : answer.headers) {
    if (!is_ours(name) && fits_a_line(name) && fits_a_line(value)) add(head, name, value);
  }
  add_framing(head, answer, framing);
  head += "\r\n";
  return head;
}

string_view date_now() {
  thread_local std::array<char, 32> text{};
  thread_local std::time_t shown = 0;
  thread_local std::size_t size = 0;
  const std::time_t now = std::time(nullptr);
  if (now != shown) {
    // Not strftime: its names follow the locale.
    constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm parts{};
    gmtime_r(&now, &parts);
    const int written =
        std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                      days[parts.tm_wday], parts.tm_mday, months[parts.tm_mon],
                      parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
    size = std::min(static_cast<std::size_t>(written), text.size() - 1);
    shown = now;
  }
  return {text.data(), size};
}

std::string encode_event(const Event& event) {
  std::string out;
  const auto line = [&](string_view name, string_view value) {
    if (fits_a_line(value)) out.append(name).append(": ").append(value).append("\n");
  };
  if (!event.id.empty()) line("id", event.id);
  if (!event.type.empty()) line("event", event.type);
  string_view data = event.data;
  while (true) {
    const std::size_t end = data.find_first_of("\r\n");
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == string_view::npos) break;
    data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  return out + "\n";
}

std::string chunk(string_view bytes) {
  std::array<char, 16> size{};
  const auto written = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16);
  std::string out(size.data(), written.ptr);
  out += "\r\n";
  out += bytes;
  out += "\r\n";
  return out;
}

}  // namespace portolan::api
