# PCRE2::8bit, regular expressions over bytes: the library of the system or, for WebAssembly, built from the source that
# scripts/fetch_pcre2 fetches.
include(FindPackageHandleStandardArgs)
if(EMSCRIPTEN)
  include(${CMAKE_CURRENT_LIST_DIR}/cache_folder.cmake)
  find_path(PCRE2_SOURCE CMakeLists.txt PATHS ${cache_folder}/pcre2-10.42 NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
  mark_as_advanced(PCRE2_SOURCE)
  if(PCRE2_SOURCE AND NOT TARGET PCRE2::8bit)
    set(PCRE2_BUILD_PCRE2GREP OFF CACHE INTERNAL "")
    set(PCRE2_BUILD_TESTS OFF CACHE INTERNAL "")
    add_subdirectory(${PCRE2_SOURCE} ${CMAKE_BINARY_DIR}/pcre2 EXCLUDE_FROM_ALL)
    target_include_directories(pcre2-8-static SYSTEM INTERFACE ${CMAKE_BINARY_DIR}/pcre2)
    add_library(PCRE2::8bit ALIAS pcre2-8-static)
  endif()
  find_package_handle_standard_args(PCRE2 REQUIRED_VARS PCRE2_SOURCE
                                    REASON_FAILURE_MESSAGE "its source is not there: scripts/fetch_pcre2 fetches it")
  return()
endif()

find_path(PCRE2_INCLUDE_DIR pcre2.h)
find_library(PCRE2_LIBRARY pcre2-8)
mark_as_advanced(PCRE2_INCLUDE_DIR PCRE2_LIBRARY)
find_package_handle_standard_args(PCRE2 REQUIRED_VARS PCRE2_LIBRARY PCRE2_INCLUDE_DIR)
if(PCRE2_FOUND AND NOT TARGET PCRE2::8bit)
  add_library(PCRE2::8bit UNKNOWN IMPORTED)
  set_target_properties(PCRE2::8bit PROPERTIES IMPORTED_LOCATION ${PCRE2_LIBRARY}
                                               INTERFACE_INCLUDE_DIRECTORIES ${PCRE2_INCLUDE_DIR})
endif()
