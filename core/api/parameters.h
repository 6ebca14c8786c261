#pragma once
/// What routes take and lists give, each said once.
#include <initializer_list>
#include <string>
#include <vector>

#include "api/routes.h"

namespace portolan::api {

/// Of a parameter that is a time; what it admits is one, but for a 29th of February too many.
inline constexpr const char* time_schema =
    R"({"type": "string", "pattern": "^20[0-9]{2}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|)"
    R"((0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31|02-29)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$"})";
/// Of a name that becomes part of one of Kubernetes: workspaces, namespaces.
inline constexpr const char* label_schema =
    R"({"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"})";
/// Of registries and users.
inline constexpr const char* name_schema =
    R"({"type": "string", "pattern": "^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$"})";

Parameter path_parameter(std::string name, std::string help, std::string schema = label_schema);
Parameter id_parameter(std::string name);
Parameter workspace_parameter();
Parameter registry_parameter();

/// A text to filter by.
Parameter text_parameter(std::string name, std::string help, int longest = 200);
Parameter flag_parameter(std::string name, std::string help);  ///< False without it.
Parameter choice_parameter(std::string name, std::string help,
                           std::initializer_list<const char*> words, const char* otherwise = "");
Parameter search_parameter();  ///< For page_request().
/// Each word and, with a minus, its reverse; for page_request().
Parameter sort_parameter(std::initializer_list<const char*> words);

/// The schema of {"items": [...]} of a component.
std::string list_of(const std::string& component);

}  // namespace portolan::api
