# SPDX-License-Identifier: MIT
# The packages: for Debian one of each component, for Windows a zip.
set(CPACK_PACKAGE_VENDOR mzinit)
set(CPACK_PACKAGE_CONTACT "mzinit <mzinit@localhost>")
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CHECKSUM SHA256)
# Files that name the installed programs were written for this prefix.
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
if(WIN32)
  set(CPACK_GENERATOR ZIP)
  set(CPACK_PACKAGING_INSTALL_PREFIX /)
  set(CPACK_COMPONENTS_ALL host)
  include(CPack)
  return()
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL guest host)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION otherosfs)

set(CPACK_COMPONENT_GUEST_DESCRIPTION "mzinit is what the kernel starts for files that begin with MZ. It has them run
by an agent on the host (the package hostbridge), or by Wine, mono or DOSBox
here, and is an init (PID 1) for containers and virtual machines.")
set(CPACK_DEBIAN_GUEST_PACKAGE_NAME mzinit)
set(CPACK_DEBIAN_GUEST_PACKAGE_SUGGESTS "hostbridge, wine, dosbox")
set(CPACK_DEBIAN_GUEST_PACKAGE_CONTROL_EXTRA "${PROJECT_BINARY_DIR}/init/package/postinst;${PROJECT_BINARY_DIR}/init/package/prerm")

set(CPACK_COMPONENT_HOST_DESCRIPTION "hostbridge is the agent that starts the programs which a virtual machine or a
container runs by mzinit: with Wine on Linux.")
set(CPACK_DEBIAN_HOST_PACKAGE_NAME hostbridge)
set(CPACK_DEBIAN_HOST_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_HOST_PACKAGE_SUGGESTS "wine, mono-runtime, dosbox")

include(CPack)
