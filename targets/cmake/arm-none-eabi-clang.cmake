# arm-none-eabi-clang: clang compiles for Cortex-M, GCC links and has the run-time library. By -DCMAKE_TOOLCHAIN_FILE.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_C_COMPILER_TARGET arm-none-eabi)
set(CMAKE_CXX_COMPILER_TARGET arm-none-eabi)
set(CMAKE_ASM_COMPILER_TARGET arm-none-eabi)
set(CMAKE_CXX_FLAGS_INIT -Wno-ignored-optimization-argument)  # boards' flags are GCC's
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# The two compilers mark enums and stacks differently; neither matters here: no enum of ours crosses into libgcc.
set(CMAKE_CXX_LINK_EXECUTABLE
  "arm-none-eabi-g++ <LINK_FLAGS> -Wl,--no-enum-size-warning -Wl,-z,noexecstack <OBJECTS> -o <TARGET> <LINK_LIBRARIES>")
