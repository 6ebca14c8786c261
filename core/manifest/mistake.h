#pragma once
#include <string>
#include <vector>

#include "base/error.h"

namespace portolan::manifest {

/// One thing that is wrong in a file, or in what it refers to. Holds no secret.
struct Mistake {
  std::string file;      ///< As it was named; "standard input" for "-".
  int line = 0;          ///< From 1; 0 when the mistake is about the file itself.
  int column = 0;        ///< From 1, in bytes.
  std::string path;      ///< "spec.registries[2].tls.pin"; empty at the document's top.
  std::string found;     ///< "the number 5"; may be empty, as may the next two.
  std::string expected;  ///< "a string"
  std::string nearest;   ///< The known name nearest to the one that was found.
  std::string message;   ///< What is wrong, without the nearest name.
};

/// `fleet.yaml:12:7: spec.registries[0].adress: unknown field, did you mean "address"?`
std::string to_text(const Mistake& mistake);

/// What an error says and advises, as a message.
std::string message_of(const base::Error& error);

/// By file as in `files`, then by line and column; equal ones once.
void sort_mistakes(std::vector<Mistake>& mistakes, const std::vector<std::string>& files);

}  // namespace portolan::manifest
