# Build for WebAssembly by Debian's emscripten, with what scripts/setup wasm installs. Programs, tests among them, run
# under node.
set(EMSCRIPTEN_SYSTEM_PROCESSOR wasm32)
include(/usr/share/emscripten/cmake/Modules/Platform/Emscripten.cmake)
# A node that is not Debian's does not find the modules that emscripten links with.
set_property(GLOBAL PROPERTY RULE_LAUNCH_LINK "${CMAKE_COMMAND} -E env NODE_PATH=/usr/share/nodejs")
# Headers without code are the same for every system; all of Debian's would hide those of emscripten.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/headers)
file(CREATE_LINK /usr/include/nlohmann ${CMAKE_BINARY_DIR}/headers/nlohmann SYMBOLIC)
include_directories(SYSTEM ${CMAKE_BINARY_DIR}/headers)

# One set of objects serves modules with threads and without (src/wasm/CMakeLists.txt has what that takes).
add_compile_options(-pthread -fwasm-exceptions)
add_link_options(-fwasm-exceptions -sALLOW_MEMORY_GROWTH -sMAXIMUM_MEMORY=4GB -sTOTAL_STACK=1MB)
set(threads -pthread -sDEFAULT_PTHREAD_STACK_SIZE=1MB -Wno-pthreads-mem-growth)
# What realizar_wasm_program makes of a program: it has the files and the environment of the system, and its main function a
# thread of its own, since threads are made by the one that node starts.
set(program_options ${threads} -sNODERAWFS -sPROXY_TO_PTHREAD -sEXIT_RUNTIME "SHELL:--pre-js ${CMAKE_CURRENT_LIST_DIR}/node_environment.js")
# Where node can fetch, emscripten takes the paths of its files for URLs.
set(CMAKE_CROSSCOMPILING_EMULATOR node --no-experimental-fetch)
