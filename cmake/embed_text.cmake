# cmake -DOUTPUT=FILE.cpp -DFOLDER=FOLDER -P embed_text.cmake: writes the C++ source of
# realizar::gpu::webgpu::kernel_source, which holds the text of every .wgsl file of the folder.
file(GLOB sources ${FOLDER}/*.wgsl)
set(entries "")
foreach(source IN LISTS sources)
  cmake_path(GET source STEM name)
  file(READ ${source} text)
  string(APPEND entries "    {\"${name}\", R\"WGSL(${text})WGSL\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"gpu/webgpu/kernel_sources.hpp\"

#include \"base/error.hpp\"

namespace realizar::gpu::webgpu {

std::string_view kernel_source(std::string_view name) {
  struct Source {
    std::string_view name, text;
  };
  static constexpr Source sources[] = {
${entries}  };
  for (const Source& source : sources)
    if (source.name == name) return source.text;
  fail(ErrorKind::internal, \"there is no kernel '\", name, \"'\");
}

}  // namespace realizar::gpu::webgpu
")
