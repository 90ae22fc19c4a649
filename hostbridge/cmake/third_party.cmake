# SPDX-License-Identifier: MIT
# The libraries that are not ours, under the same target names on both systems: uv::uv, protobuf::libprotobuf-lite,
# mbedtls::mbedcrypto, inih::inih, cli11::cli11, and the generator protobuf::protoc. All are static archives: Debian's
# on Linux, those of build_windows_libraries.sh on Windows. They are imported, so their headers are SYSTEM and our
# warnings do not apply to them.

set(MZINIT_WINDOWS_LIBRARIES "${PROJECT_SOURCE_DIR}/build/windows-libraries"
  CACHE PATH "Where build_windows_libraries.sh put the libraries of the Windows build")

# Code is generated on the build machine, whatever the target is.
find_program(MZINIT_PROTOC protoc NO_CMAKE_FIND_ROOT_PATH REQUIRED)
add_executable(protobuf::protoc IMPORTED GLOBAL)
set_target_properties(protobuf::protoc PROPERTIES IMPORTED_LOCATION "${MZINIT_PROTOC}")

# third_party_headers(TARGET HEADER) and third_party_archive(TARGET NAME HEADER [SYSTEM_LIBRARY...]) define TARGET
# from the directory that holds HEADER, and from libNAME.a.
if(WIN32 AND NOT MZINIT_BUILD_AGENT AND NOT MZINIT_BUILD_TESTS)
  # Only samples are built, which use none of them. The names exist so that the rest of the tree can be configured.
  macro(third_party_headers target)
    add_library(${target} INTERFACE IMPORTED GLOBAL)
  endmacro()
  macro(third_party_archive target)
    add_library(${target} INTERFACE IMPORTED GLOBAL)
  endmacro()
elseif(WIN32)
  if(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
    message(FATAL_ERROR "Only the samples are built for ${CMAKE_SYSTEM_PROCESSOR}; hostbridge.exe is a 64-bit program")
  endif()
  if(NOT EXISTS "${MZINIT_WINDOWS_LIBRARIES}/stamp")
    message(FATAL_ERROR "There are no Windows libraries in ${MZINIT_WINDOWS_LIBRARIES}. Build them with\n"
      "  ${CMAKE_CURRENT_LIST_DIR}/build_windows_libraries.sh ${MZINIT_WINDOWS_LIBRARIES}")
  endif()
  macro(third_party_headers target header)
    add_library(${target} INTERFACE IMPORTED GLOBAL)
    target_include_directories(${target} INTERFACE "${MZINIT_WINDOWS_LIBRARIES}/include")
  endmacro()
  macro(third_party_archive target name header)
    add_library(${target} STATIC IMPORTED GLOBAL)
    set_target_properties(${target} PROPERTIES IMPORTED_LOCATION "${MZINIT_WINDOWS_LIBRARIES}/lib/lib${name}.a")
    target_include_directories(${target} INTERFACE "${MZINIT_WINDOWS_LIBRARIES}/include")
    target_link_libraries(${target} INTERFACE ${ARGN})
  endmacro()
else()
  macro(third_party_headers target header)
    string(MAKE_C_IDENTIFIER "MZINIT_HEADERS_${target}" headers)
    find_path(${headers} ${header} REQUIRED)
    mark_as_advanced(${headers})
    add_library(${target} INTERFACE IMPORTED GLOBAL)
    target_include_directories(${target} INTERFACE "${${headers}}")
  endmacro()
  macro(third_party_archive target name header)
    string(MAKE_C_IDENTIFIER "MZINIT_ARCHIVE_${target}" archive)
    string(MAKE_C_IDENTIFIER "MZINIT_HEADERS_${target}" headers)
    find_library(${archive} lib${name}.a REQUIRED)
    find_path(${headers} ${header} REQUIRED)
    mark_as_advanced(${archive} ${headers})
    add_library(${target} STATIC IMPORTED GLOBAL)
    set_target_properties(${target} PROPERTIES IMPORTED_LOCATION "${${archive}}")
    target_include_directories(${target} INTERFACE "${${headers}}")
    target_link_libraries(${target} INTERFACE ${ARGN})
  endmacro()
endif()

if(WIN32)
  set(uv_system_libraries psapi user32 advapi32 iphlpapi userenv ws2_32)
  # Which of the two has the random numbers depends on the release of mbedTLS.
  set(mbedcrypto_system_libraries advapi32 bcrypt)
else()
  find_package(Threads REQUIRED)
  set(uv_system_libraries Threads::Threads ${CMAKE_DL_LIBS} rt)
  set(mbedcrypto_system_libraries Threads::Threads)
  set(protobuf_system_libraries Threads::Threads)
endif()

if(MZINIT_BUILD_AGENT)
  third_party_archive(uv::uv uv_a uv.h ${uv_system_libraries})
endif()
third_party_archive(protobuf::libprotobuf-lite protobuf-lite google/protobuf/message_lite.h ${protobuf_system_libraries})
third_party_archive(mbedtls::mbedcrypto mbedcrypto mbedtls/md.h ${mbedcrypto_system_libraries})
third_party_archive(inih::inih inih ini.h)
third_party_headers(cli11::cli11 CLI/CLI.hpp)
