# find_package(Portolan 1 REQUIRED): targets Portolan::abi (C11) and Portolan::sdk (C++20), function portolan_add_plugin().
include(${CMAKE_CURRENT_LIST_DIR}/PortolanTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/PortolanAddPlugin.cmake)
