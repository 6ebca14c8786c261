#pragma once
/// What goes before a body on the wire.
#include <string>
#include <string_view>

#include "api/http.h"

namespace portolan::api {

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
