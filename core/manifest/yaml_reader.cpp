#include "manifest/readers.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "base/text.h"
#include "model/limits.h"

namespace portolan::manifest {
namespace {

namespace limits = model::limits;

constexpr const char* too_many_values = "the file has more than 100000 values";
static_assert(limits::manifest_nodes == 100'000);

Position position_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

/// Ends the reading of a file whose mistake allows no more; thrown through yaml-cpp, caught here.
struct Stop {};

/// Builds one document from the events of yaml-cpp's parser. Events, not its node tree: they are
/// counted as they come, and an alias stays an event instead of a copy.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(Document& document, std::size_t& nodes, std::vector<Mistake>& mistakes)
      : document_(document), nodes_(nodes), mistakes_(mistakes) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { scalar(mark, {}, ""); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    scalar(mark, {}, "aliases are not allowed; write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    const bool plain = tag == "?";
    if (!plain && tag != "!") return scalar(mark, {}, "tags are not allowed; remove it");
    // A key is text whatever it looks like.
    if (!plain || wants_key()) return scalar(mark, base::Json::string(text), "");
    PlainScalar read = read_plain(text);
    scalar(mark, std::move(read.value), std::move(read.problem));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, base::Json::array());
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, base::Json::object());
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    bool map = false;
    std::string pointer;
    base::Json::Members members;
    base::Json::Items items;
    std::unordered_map<std::string, int> lines;  ///< Of the keys so far.
    std::optional<std::string> key;              ///< Its value comes next.
    bool duplicate = false;                      ///< ... and is not kept.
    Position key_at;
  };

  bool wants_key() const { return !frames_.empty() && frames_.back().map && !frames_.back().key; }

  [[noreturn]] void stop(const YAML::Mark& mark, std::string message) {
    add(mark, std::move(message), pointer_of_next());
    throw Stop{};
  }

  void add(const YAML::Mark& mark, std::string message, const std::string& pointer) {
    Mistake mistake = document_.mistake(pointer, std::move(message));
    mistake.line = position_of(mark).line;
    mistake.column = position_of(mark).column;
    mistakes_.push_back(std::move(mistake));
  }

  std::string pointer_of_next() const {
    if (frames_.empty()) return "";
    const Frame& frame = frames_.back();
    if (!frame.map) return frame.pointer + '/' + std::to_string(frame.items.size());
    return frame.key ? base::pointer_below(frame.pointer, *frame.key) : frame.pointer;
  }

  void count(const YAML::Mark& mark) {
    if (++nodes_ > limits::manifest_nodes) {
      stop(mark, too_many_values);
    }
  }

  void scalar(const YAML::Mark& mark, base::Json value, std::string problem) {
    count(mark);
    if (wants_key()) {
      if (!problem.empty() || !value.is_string()) stop(mark, "a key must be plain text");
      return take_key(mark, *value.as_string());
    }
    const std::string pointer = pointer_of_next();
    if (!problem.empty()) {
      add(mark, std::move(problem), pointer);
      document_.broken.insert(pointer);
    }
    note_place(mark, pointer);
    put(std::move(value));
  }

  void take_key(const YAML::Mark& mark, const std::string& key) {
    Frame& frame = frames_.back();
    const auto [known, fresh] = frame.lines.emplace(key, position_of(mark).line);
    frame.duplicate = !fresh;
    frame.key = key;
    frame.key_at = position_of(mark);
    if (!fresh) {
      add(mark, "the field is there twice, first in line " + std::to_string(known->second),
          pointer_of_next());
    }
  }

  void note_place(const YAML::Mark& mark, const std::string& pointer) {
    const bool member = !frames_.empty() && frames_.back().map;
    const Position here = position_of(mark);
    document_.places.emplace(pointer, Place{member ? frames_.back().key_at : here, here});
  }

  void open(const YAML::Mark& mark, const std::string& tag, base::Json empty) {
    count(mark);
    if (wants_key()) stop(mark, "a key must be plain text");
    if (frames_.size() >= limits::json_depth) stop(mark, "values are nested deeper than 64 levels");
    const std::string pointer = pointer_of_next();
    if (tag != "?" && tag != "!" && !tag.empty()) {
      add(mark, "tags are not allowed; remove it", pointer);
    }
    note_place(mark, pointer);
    Frame frame;
    frame.map = empty.is_object();
    frame.pointer = pointer;
    frames_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    put(frame.map ? base::Json::object(std::move(frame.members))
                  : base::Json::array(std::move(frame.items)));
  }

  void put(base::Json value) {
    if (frames_.empty()) {
      document_.value = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    if (!frame.map) {
      frame.items.push_back(std::move(value));
      return;
    }
    if (!frame.duplicate) frame.members.emplace_back(*frame.key, std::move(value));
    frame.key.reset();
  }

  Document& document_;
  std::size_t& nodes_;
  std::vector<Mistake>& mistakes_;
  std::vector<Frame> frames_;
};

/// yaml-cpp queues the tokens of an open [ or { before it gives the first event, 250 bytes of
/// memory for one of text; so what surely is too much is refused before it starts.
bool has_too_many_values(std::string_view text) {
  const auto opens_or_parts = [](char c) { return c == '[' || c == '{' || c == ','; };
  const auto count = std::count_if(text.begin(), text.end(), opens_or_parts);
  return static_cast<std::size_t>(count) > limits::manifest_nodes;
}

}  // namespace

void read_yaml(std::string_view text, const Document& origin, std::vector<Document>& documents,
               std::vector<Mistake>& mistakes) {
  if (has_too_many_values(text)) {
    mistakes.push_back(origin.mistake("", too_many_values));
    return;
  }
  std::istringstream in{std::string(text)};
  std::size_t nodes = 0;
  try {
    YAML::Parser parser(in);
    for (;;) {
      Document document = origin;
      TreeBuilder builder(document, nodes, mistakes);
      if (!parser.HandleNextDocument(builder)) return;
      if (!document.value.is_null()) documents.push_back(std::move(document));
    }
  } catch (const Stop&) {
    return;
  } catch (const YAML::Exception& problem) {
    Mistake mistake = origin.mistake("", "this is not YAML: " + base::clean_text(problem.msg, 200));
    mistake.line = problem.mark.line + 1;
    mistake.column = problem.mark.column + 1;
    mistakes.push_back(std::move(mistake));
  }
}

}  // namespace portolan::manifest
