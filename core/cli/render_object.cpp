/// An answer of the API for people: what it says of one thing as a list of fields, what it says of
/// many as a table each.
#include <algorithm>
#include <utility>

#include "cli/render.h"

namespace portolan::cli {
namespace {

using base::Json;

using Row = std::vector<std::pair<std::string, std::string>>;  // Column to cell.

bool holds_objects(const Json& value) {
  return !value.items().empty() && value.items().front().is_object();
}

std::string below(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

std::string heading(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

/// What stood on a wire once is for -o json: it would make every line too long to read.
bool is_evidence(const std::string& key) { return key == "evidence"; }

/// The cells of one object; lists of objects in it are left for rows of their own.
void add_cells(Row& row, const std::string& prefix, const Json& object) {
  for (const auto& [key, value] : object.members()) {
    if (is_evidence(key) || holds_objects(value)) continue;
    if (value.is_object())
      add_cells(row, below(prefix, key), value);
    else
      row.emplace_back(below(prefix, key), cell_text(&value));
  }
}

/// One row for each object; where it holds lists of others, one for each of those, behind its own.
void add_rows(std::vector<Row>& rows, const Json& list) {
  for (const Json& item : list.items()) {
    Row own;
    add_cells(own, "", item);
    bool has_more = false;
    for (const auto& [key, value] : item.members()) {
      if (!holds_objects(value)) continue;
      has_more = true;
      for (const Json& one : value.items()) {
        Row row = own;
        add_cells(row, key, one);
        rows.push_back(std::move(row));
      }
    }
    if (!has_more) rows.push_back(std::move(own));
  }
}

/// Columns in which no row says anything are left out.
std::string table_of(const std::vector<Row>& rows) {
  std::vector<std::string> columns;
  for (const Row& row : rows)
    for (const auto& [column, cell] : row)
      if (cell != "-" && std::find(columns.begin(), columns.end(), column) == columns.end())
        columns.push_back(column);
  std::vector<std::string> headings;
  for (const std::string& column : columns) headings.push_back(heading(column));
  std::vector<std::vector<std::string>> lines;
  for (const Row& row : rows) {
    std::vector<std::string> line;
    for (const std::string& column : columns) {
      const auto found = std::find_if(row.begin(), row.end(),
                                      [&](const auto& entry) { return entry.first == column; });
      line.push_back(found == row.end() ? "-" : found->second);
    }
    lines.push_back(std::move(line));
  }
  return text_table(headings, lines);
}

struct Shown {
  std::vector<std::vector<std::string>> fields;
  std::string tables;

  /// Each line of a text stands under the one before.
  void add(std::string name, const std::string& text) {
    for (std::size_t from = 0; from <= text.size();) {
      const std::size_t end = std::min(text.find('\n', from), text.size());
      fields.push_back({std::exchange(name, ""), text.substr(from, end - from)});
      from = end + 1;
    }
  }
};

bool is_sentence(const Json& value) {
  const std::string* text = value.as_string();
  return text && text->find(' ') != text->npos;
}

void add_members(Shown& shown, const std::string& path, const Json& object) {
  for (const auto& [key, value] : object.members()) {
    const std::string name = below(path, key);
    if (value.is_object()) {
      add_members(shown, name, value);
    } else if (holds_objects(value)) {
      std::vector<Row> rows;
      add_rows(rows, value);
      shown.tables += "\n" + name + ":\n" + table_of(rows);
    } else if (std::any_of(value.items().begin(), value.items().end(), is_sentence)) {
      for (const Json& item : value.items()) shown.add(name, cell_text(&item));
    } else {
      shown.add(name, cell_text(&value));
    }
  }
}

}  // namespace

std::string cell_text(const Json* value) {
  if (!value || value->is_null()) return "-";
  if (const std::string* text = value->as_string()) return *text;
  if (value->is_array()) {
    std::string out;
    for (const Json& item : value->items()) out += (out.empty() ? "" : ",") + cell_text(&item);
    return out.empty() ? "-" : out;
  }
  return base::to_text(*value);
}

std::string object_text(const Json& answer) {
  Shown shown;
  add_members(shown, "", answer);
  return text_table({"FIELD", "VALUE"}, shown.fields) + shown.tables;
}

}  // namespace portolan::cli
