# Cross build for 64-bit Arm Linux by Debian's g++-aarch64-linux-gnu, with the libraries that scripts/setup aarch64
# installs. Programs, tests among them, run under QEMU; the variable QEMU_CPU chooses the processor.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static)
