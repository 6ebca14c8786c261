#pragma once
/// Header lines, as they arrive, into the head of the final answer.
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/transport.h"

namespace portolan::net {

/// Reads status line, headers and the blank line of each answer on the wire; interim ones (1xx) are
/// passed over, trailers too. RFC 9112 §4, §5.
class HeadReader {
 public:
  enum class Step { more, complete, failed };

  /// One line with its end. `complete` once, at the end of the final head. After `failed`: error().
  Step line(std::string_view line);

  int status() const { return status_; }
  std::vector<Header>& headers() { return headers_; }
  /// limit (limits::header_bytes over all heads of the exchange) or protocol.
  const base::Error& error() const { return error_; }

 private:
  Step fail(base::Code code, std::string message);
  Step status_line(std::string_view line);
  Step field(std::string_view line);

  std::size_t bytes_ = 0;
  int status_ = 0;
  bool complete_ = false;
  std::vector<Header> headers_;
  base::Error error_;
};

}  // namespace portolan::net
