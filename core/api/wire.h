#pragma once
/// HTTP/1.1 as bytes: they become one request, or the reason why not; and an answer becomes bytes.
/// No socket: what the server reads with is what the fuzzer feeds. Behind the reader is the parser
/// of Boost.Beast; before it stand our own rules, because a lenient reader is what request
/// smuggling needs.
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "api/http.h"

namespace portolan::api {

/// Why a request is not read. The connection cannot go on after it.
struct Refusal {
  int status = 0;  ///< 0: there is none.
  std::string_view code;
  std::string_view detail;
};

/// Reads one request at a time.
///
/// Refused with 400: a line feed or carriage return alone, NUL and control characters, a folded
/// header, blanks before a colon or around the target, Host missing, twice or impossible, an
/// absolute target whose authority is not the Host, Content-Length twice, beside Transfer-Encoding
/// or no plain number, any Transfer-Encoding but one "chunked", one in HTTP/1.0, any header twice
/// that is no list, and what RFC 9112 forbids besides. 501: a method we do not know. 505: HTTP/2
/// and later.
class RequestReader {
 public:
  struct Limits {
    std::size_t head_bytes = 16 * 1024;
    std::size_t body_bytes = 1024 * 1024;
  };
  enum class State { head, body, done, refused };

  explicit RequestReader(Limits limits);
  ~RequestReader();

  /// `bytes` is all that came and was not used yet; answers how many it used now. What it leaves
  /// comes again, with more behind it.
  std::size_t read(std::string_view bytes);

  State state() const;
  const Refusal& refusal() const;
  bool began() const;           ///< Some bytes of a request came.
  bool wants_continue() const;  ///< Expect: 100-continue, and the body has not begun.
  bool keep_alive() const;      ///< As the client wishes; false when refused.
  bool is_http_1_0() const;
  std::size_t body_bytes() const;  ///< Bytes of the body's stream that were used.

  /// Valid from State::body on, complete in State::done; partly filled when refused.
  Request& request();

  /// Ready for the next request.
  void reset();

 private:
  struct Parse;
  std::unique_ptr<Parse> parse_;
};

/// How the answer's end is known, and whether another may follow.
struct Framing {
  enum class Body { length, chunked, until_close };
  Body body = Body::length;
  bool keep_alive = true;
  bool http_1_0 = false;  ///< It must be told that the connection stays.
};

/// Status line and headers with the empty line. Values of the answer that could end a line are left
/// out. `date` is an IMF-fixdate.
std::string answer_head(const Answer& answer, std::string_view request_id, const Framing& framing,
                        std::string_view date);

/// "Tue, 24 Nov 2026 10:00:00 GMT", from a clock that is looked at once a second at most.
std::string_view date_now();

std::string_view reason_phrase(int status);

/// An event as it goes on the wire; line ends in the data begin new data lines.
std::string encode_event(const Event& event);

/// A chunk around `bytes`, not empty.
std::string chunk(std::string_view bytes);

}  // namespace portolan::api
