# find_package(Portolan 1 REQUIRED): targets Portolan::abi (C11) and Portolan::sdk (C++20), function portolan_add_plugin().
# Portolan_PROGRAM is the `portolan` of the same installation, for tests that run `portolan plugins check`.
include(${CMAKE_CURRENT_LIST_DIR}/PortolanTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/PortolanAddPlugin.cmake)
find_program(Portolan_PROGRAM portolan HINTS ${CMAKE_CURRENT_LIST_DIR}/../../../bin ${CMAKE_CURRENT_LIST_DIR}/../../../../bin)
