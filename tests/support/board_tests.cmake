# board_tests: test programs for boards. A board's build makes them on demand, in test_programs/; tests on the PC start that build.

# mote_board_program(NAME sources...): a program for the board of this build.
function(mote_board_program name)
  add_executable(${name} EXCLUDE_FROM_ALL ${ARGN})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test_programs)
  target_link_libraries(${name} PRIVATE mote_core mote_port mote_warnings)
  if(MOTE_LINKER_SCRIPT)
    target_link_options(${name} PRIVATE -T ${MOTE_LINKER_SCRIPT})
    set_target_properties(${name} PROPERTIES LINK_DEPENDS ${MOTE_LINKER_SCRIPT})
    target_link_libraries(${name} PRIVATE -lgcc)
  endif()
endfunction()

# mote_board_test(NAME LABEL script arguments...): a test that runs a Python script; the last argument is the folder of boards' builds.
function(mote_board_test name label script)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME ${name} COMMAND ${Python3_EXECUTABLE} -B ${script} ${ARGN} ${CMAKE_BINARY_DIR}/firmware)
  set_tests_properties(${name} PROPERTIES LABELS ${label} SKIP_RETURN_CODE 77 TIMEOUT 1200)
endfunction()
