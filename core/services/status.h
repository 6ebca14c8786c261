#pragma once
/// The one translation of an HTTP status, and of errors to and from the ABI.
#include <string>
#include <string_view>

#include <portolan/abi/types.h>

#include "base/error.h"

namespace portolan::services {

/// What a status means to a user. Views of static text.
struct Meaning {
  base::Code code = base::Code::ok;
  std::string_view message;  ///< Empty with ok.
  std::string_view hint;
};

/// By what a request said who it is.
enum class Proof { nothing, secret, token };

/// 2xx and 3xx are ok. A 401 means something else to each kind of proof.
Meaning meaning_of(int http_status, Proof proof);

/// Views into `error`, which must outlive the answer; `url` is its `where`.
portolan_error to_abi(const base::Error& error);

/// Code and texts, bounded and cleaned (control characters, limits::text_bytes).
base::Error from_abi(const portolan_error& error);

inline portolan_status to_abi(base::Code code) { return static_cast<portolan_status>(code); }
inline portolan_str to_abi(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(const portolan_str& text) {
  return text.data && text.len ? std::string_view(text.data, text.len) : std::string_view();
}

}  // namespace portolan::services
