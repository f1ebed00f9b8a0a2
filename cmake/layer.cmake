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

# realizar_wasm_program(NAME): links the program for node, where this is the build for WebAssembly.
function(realizar_wasm_program name)
  if(EMSCRIPTEN)
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src/wasm/unwind.cpp)
    # Optimising the whole of a program once more takes longer than what it saves programs that run once.
    target_link_options(${name} PRIVATE ${program_options} -O1)
  endif()
endfunction()

# Most code of tests runs once: it takes longer to compile than to run.
if(REALIZAR_SANITIZE)
  set(runs_once -O0)
else()
  set(runs_once $<$<CONFIG:Release>:-O1>)
endif()

# realizar_precompiled_gtest(): what realizar_test programs share, since GoogleTest takes longer to read than most tests.
function(realizar_precompiled_gtest)
  file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/precompiled_gtest.cpp CONTENT "")
  add_library(precompiled_gtest OBJECT ${CMAKE_CURRENT_BINARY_DIR}/precompiled_gtest.cpp)
  target_link_libraries(precompiled_gtest PRIVATE GTest::gmock GTest::gtest_main)
  target_compile_options(precompiled_gtest PRIVATE ${runs_once})
  target_precompile_headers(precompiled_gtest PRIVATE <gtest/gtest.h>)
endfunction()

# realizar_test(NAME [RUNS_LONG] LAYERS...): the GoogleTest program test_NAME of every .cpp file in this folder; without
# RapidCheck, of those that go without; RUNS_LONG where what the tests compute themselves takes the time.
function(realizar_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test RUNS_LONG "" "")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(NOT TARGET rapidcheck)
    foreach(source IN LISTS sources)
      file(STRINGS ${source} uses REGEX "<rapidcheck|gguf_mutations|sampler_cases")
      if(uses)
        list(REMOVE_ITEM sources ${source})
      endif()
    endforeach()
  endif()
  add_executable(test_${name} ${sources})
  target_link_libraries(test_${name} PRIVATE GTest::gmock GTest::gtest_main $<TARGET_NAME_IF_EXISTS:rapidcheck> test_support)
  if(test_RUNS_LONG)
    target_precompile_headers(test_${name} PRIVATE <gtest/gtest.h>)
  else()
    target_compile_options(test_${name} PRIVATE ${runs_once})
    target_precompile_headers(test_${name} REUSE_FROM precompiled_gtest)
  endif()
  foreach(layer IN LISTS test_UNPARSED_ARGUMENTS)
    target_link_libraries(test_${name} PRIVATE realizar_${layer})
  endforeach()
  realizar_wasm_program(test_${name})
  realizar_run_tests(${name} test_${name})
endfunction()

# realizar_run_tests(NAME PROGRAM): ctest's tests NAME.0, NAME.1 ..., each of which runs a share of the program's: enough of
# them for cores to finish together, and few beside its tests, since a process takes a while to start where sanitizers
# watch, and under node so long that there is one, NAME.
function(realizar_run_tests name program)
  if(EMSCRIPTEN)
    add_test(NAME ${name} COMMAND ${program} --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS ${name})
    return()
  endif()
  set(shards 8)
  math(EXPR last "${shards} - 1")
  foreach(shard RANGE ${last})
    add_test(NAME ${name}.${shard} COMMAND ${program} --gtest_brief=1)
    set_tests_properties(${name}.${shard} PROPERTIES TIMEOUT 900 LABELS ${name}
                         ENVIRONMENT "GTEST_TOTAL_SHARDS=${shards};GTEST_SHARD_INDEX=${shard}")
  endforeach()
endfunction()

# realizar_program(TEST NAME PROGRAM): the macro NAME of the program TEST is the command line that runs PROGRAM: under the
# emulator in a cross build.
function(realizar_program test name program)
  add_dependencies(${test} ${program})
  list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " emulator)
  string(STRIP "${emulator} $<TARGET_FILE:${program}>" command)
  target_compile_definitions(${test} PRIVATE "${name}=\"${command}\"")
endfunction()
