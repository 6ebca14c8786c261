// A file from a plugin directory, before anything about it is trusted.
#include <cstddef>
#include <cstdint>

#include "plugin/elf.h"
#include "plugin/note.h"

using namespace portolan::plugin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto elf = read_elf(bytes);
  const auto* facts = std::get_if<ElfFacts>(&elf);
  // The note's text alone too, or the fuzzer would have to keep an ELF file intact to reach it.
  const auto note = parse_note(facts ? std::string_view(facts->note) : bytes);
  if (const auto* good = std::get_if<Note>(&note)) {
    judge_note(*good, facts ? facts->exports : std::vector<std::string>{"portolan_plugin_v1"});
  }
  return 0;
}
