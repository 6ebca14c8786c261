#pragma once
/// The functions that a plugin may have, each asked once as the host would.
#include <functional>
#include <string>
#include <vector>

#include "cli/check/trial.h"

namespace portolan::cli::check {

/// What one function was given by the plugin.
struct Given {
  std::size_t items = 0;
  int sure = 0;                    ///< Of detect.
  std::vector<std::string> texts;  ///< For people, and the facts.
  std::string unexplained;         ///< What is not well and has no word or no hint.
};

/// One function of an extension, asked as the host would.
struct Function {
  const char* name;
  std::function<base::Result<void>(const Stage&, Given&)> call;
  /// A 2xx or 404 alone says that it is done: what the body holds need not be looked at.
  bool status_is_enough = false;
};

struct Extension {
  const char* name;  ///< portolan.<name>/1, or the mandatory ones
  std::vector<Function> functions;
};

/// The three that every type has.
Extension mandatory();
/// The others that the type names.
std::vector<Extension> extensions_of(const plugin::Note::Type& type);
/// detect has no credential and few requests.
Means means_of(const Extension& extension);

}  // namespace portolan::cli::check
