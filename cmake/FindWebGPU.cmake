# The headers of wgpu-native, as scripts/fetch_wgpu puts them into the user's cache or a system has them:
# WebGPU_FOUND, WebGPU_INCLUDE_DIR, WebGPU_VERSION. The library itself is opened at run time and never linked.
set(WebGPU_VERSION 29)

include(${CMAKE_CURRENT_LIST_DIR}/cache_folder.cmake)
# wgpu.h beside webgpu.h tells wgpu-native from other implementations.
find_path(WebGPU_INCLUDE_DIR webgpu/wgpu.h HINTS ${cache_folder}/wgpu-native/${WebGPU_VERSION}/include)
mark_as_advanced(WebGPU_INCLUDE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(WebGPU REQUIRED_VARS WebGPU_INCLUDE_DIR)
