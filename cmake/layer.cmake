# realizar_layer(NAME LAYERS...): the static library realizar_NAME of every .cpp file under src/NAME, linked to the
# layers it may include. tests/architecture reads the #includes themselves.
function(realizar_layer name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(sources)
    add_library(realizar_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(realizar_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(realizar_${name} ${scope} ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  foreach(layer IN LISTS ARGN)
    target_link_libraries(realizar_${name} ${scope} realizar_${layer})
  endforeach()
endfunction()

# realizar_precompiled_gtest(): what realizar_test programs share, since GoogleTest takes longer to read than most tests.
function(realizar_precompiled_gtest)
  file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/precompiled_gtest.cpp CONTENT "")
  add_library(precompiled_gtest OBJECT ${CMAKE_CURRENT_BINARY_DIR}/precompiled_gtest.cpp)
  target_link_libraries(precompiled_gtest PRIVATE GTest::gmock GTest::gtest_main)
  target_precompile_headers(precompiled_gtest PRIVATE <gtest/gtest.h>)
endfunction()

# realizar_test(NAME LAYERS...): the GoogleTest program test_NAME of every .cpp file in this folder.
function(realizar_test name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(test_${name} ${sources})
  target_link_libraries(test_${name} PRIVATE GTest::gmock GTest::gtest_main rapidcheck test_support)
  target_precompile_headers(test_${name} REUSE_FROM precompiled_gtest)
  foreach(layer IN LISTS ARGN)
    target_link_libraries(test_${name} PRIVATE realizar_${layer})
  endforeach()
  gtest_discover_tests(test_${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600 LABELS ${name})
endfunction()

# realizar_program(TEST NAME PROGRAM): the macro NAME of the program TEST is the command line that runs PROGRAM: under the
# emulator in a cross build.
function(realizar_program test name program)
  add_dependencies(${test} ${program})
  list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " emulator)
  string(STRIP "${emulator} $<TARGET_FILE:${program}>" command)
  target_compile_definitions(${test} PRIVATE "${name}=\"${command}\"")
endfunction()
