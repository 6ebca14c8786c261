#include "net/head_reader.h"

#include <algorithm>

namespace portolan::net {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// RFC 9110 §5.6.2.
bool is_token_byte(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
}

}  // namespace

HeadReader::Step HeadReader::fail(base::Code code, std::string message) {
  error_ = {code, std::move(message), "", ""};
  return Step::failed;
}

HeadReader::Step HeadReader::line(std::string_view line) {
  bytes_ += line.size();
  if (bytes_ > model::limits::header_bytes) {
    return fail(base::Code::limit, "the answer's headers are longer than " +
                                       std::to_string(model::limits::header_bytes / 1024) + " kB");
  }
  if (complete_) return Step::more;  // Trailers of a chunked body (RFC 9112 §7.1.2): not wanted.
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (line.empty()) {
    if (status_ < 200) return Step::more;
    complete_ = true;
    return Step::complete;
  }
  if (line.starts_with("HTTP/")) return status_line(line);
  return field(line);
}

HeadReader::Step HeadReader::status_line(std::string_view line) {
  headers_.clear();
  status_ = 0;
  std::string_view digits = line.substr(std::min(line.find(' '), line.size()));
  digits = trimmed(digits).substr(0, 3);
  for (const char c : digits) {
    if (c >= '0' && c <= '9') status_ = status_ * 10 + (c - '0');
  }
  if (status_ < 100) return fail(base::Code::protocol, "the answer has no valid HTTP status");
  return Step::more;
}

HeadReader::Step HeadReader::field(std::string_view line) {
  if (is_blank(line.front())) {  // Folded over two lines, as RFC 9112 §5.2 tells to read it.
    if (!headers_.empty()) headers_.back().value += " " + std::string(trimmed(line));
    return Step::more;
  }
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, std::min(colon, line.size()));
  if (colon == line.npos || name.empty() || !std::all_of(name.begin(), name.end(), is_token_byte)) {
    return fail(base::Code::protocol, "the answer has a header line that is none");
  }
  Header header{std::string(name), std::string(trimmed(line.substr(colon + 1)))};
  for (char& c : header.name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  if (header.name == "content-length") {
    // RFC 9112 §6.3: two that differ leave the end of the answer open to interpretation.
    const bool differs = std::any_of(headers_.begin(), headers_.end(), [&](const Header& earlier) {
      return earlier.name == header.name && earlier.value != header.value;
    });
    if (differs) return fail(base::Code::protocol, "the answer gives two different lengths");
  }
  headers_.push_back(std::move(header));
  return Step::more;
}

}  // namespace portolan::net
