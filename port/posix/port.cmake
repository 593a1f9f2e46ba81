# posix: one file. This machine, where no board is chosen, has an arena of a gigabyte.
target_sources(mote_port PRIVATE posix/port.cpp)
set(arena_bytes 1073741824)
if(MOTE_BOARD)
  mote_fact(arena_bytes arena bytes)
endif()
board_constant(size_t arena_bytes ${arena_bytes})
