# portolan_add_plugin(name
#   SOURCES file…                   at least one; it holds PORTOLAN_PLUGIN(Class)
#   SCHEMA schema.json              the type's form: exactly the objects "credentials" and "options"
#   ID org.example.my-type          of the plugin, reverse DNS
#   TYPE my-type                    registry type
#   TITLE "My type"                 for people
#   VERSION 1.0.0                   semantic version of the plugin
#   [VENDOR text] [LICENCE spdx] [DOC_URL url]
#   [EXTENSIONS catalog detect …]   beside the mandatory integration, validation, statistics
#   [MIN_HOST_MINOR n])
#
# Makes the module `name.so`: hidden visibility, one exported symbol, no undefined symbols, and the manifest as an
# ELF note that `portolan plugins inspect` reads without loading the file.
function(portolan_add_plugin name)
  set(one SCHEMA ID TYPE TITLE VERSION VENDOR LICENCE DOC_URL MIN_HOST_MINOR)
  cmake_parse_arguments(PARSE_ARGV 1 plugin "" "${one}" "SOURCES;EXTENSIONS")
  foreach(needed SOURCES SCHEMA ID TYPE TITLE VERSION)
    if(NOT plugin_${needed})
      message(FATAL_ERROR "portolan_add_plugin(${name}): ${needed} is missing")
    endif()
  endforeach()
  if(NOT plugin_MIN_HOST_MINOR)
    set(plugin_MIN_HOST_MINOR 0)
  endif()
  get_filename_component(schema ${plugin_SCHEMA} ABSOLUTE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${schema})
  file(READ ${schema} schema_text)

  set(extensions "[]")
  set(ids "")
  set(count 0)
  foreach(word integration validation statistics ${plugin_EXTENSIONS})
    string(JSON extensions SET "${extensions}" ${count} "\"portolan.${word}/1\"")
    string(APPEND ids "    \"portolan.${word}/1\",\n")
    math(EXPR count "${count} + 1")
  endforeach()

  _portolan_quote(id "${plugin_ID}")
  _portolan_quote(type "${plugin_TYPE}")
  _portolan_quote(title "${plugin_TITLE}")
  _portolan_quote(version "${plugin_VERSION}")
  _portolan_quote(vendor "${plugin_VENDOR}")
  _portolan_quote(licence "${plugin_LICENCE}")
  _portolan_quote(doc_url "${plugin_DOC_URL}")
  set(manifest_dir ${CMAKE_CURRENT_BINARY_DIR}/${name}.manifest)
  configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/manifest.json.in ${manifest_dir}/manifest.json @ONLY)
  configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/manifest.h.in ${manifest_dir}/manifest.h @ONLY)
  configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/note.cpp.in ${manifest_dir}/note.cpp @ONLY)

  add_library(${name} MODULE ${plugin_SOURCES} ${manifest_dir}/note.cpp)
  set_source_files_properties(${manifest_dir}/note.cpp PROPERTIES OBJECT_DEPENDS ${manifest_dir}/manifest.json)
  target_link_libraries(${name} PRIVATE Portolan::sdk)
  target_compile_definitions(${name} PRIVATE "PORTOLAN_MANIFEST_HEADER=\"${manifest_dir}/manifest.h\"")
  # GNU_UNIQUE symbols pin a file in memory and are shared between plugins; clang makes none.
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  set_target_properties(${name} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON BUILD_RPATH_USE_ORIGIN OFF SKIP_RPATH ON
    LINK_DEPENDS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
  target_link_options(${name} PRIVATE
    -Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map -Wl,--exclude-libs,ALL -Wl,-z,now -Wl,-z,relro)
  # A sanitizer's runtime lives in the executable: with it, symbols stay undefined until load.
  if(NOT "${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize")
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
endfunction()

# JSON string with quotes; also a C++ string literal for the plain texts of a manifest.
function(_portolan_quote out text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  set(${out} "\"${text}\"" PARENT_SCOPE)
endfunction()
