# aarch64: startup, exceptions and the generic timer; the console is a debugger's or an emulator's.
include(baremetal/baremetal.cmake)
if(NOT MOTE_CONSOLE IN_LIST mote_consoles)
  message(FATAL_ERROR "MOTE_CONSOLE is '${MOTE_CONSOLE}'; ${MOTE_BOARD} has: ${mote_consoles}")
endif()
target_sources(mote_port PRIVATE aarch64/startup.S aarch64/machine.cpp)
