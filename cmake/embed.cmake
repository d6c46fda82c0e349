# Compiles every file under lua/ (and argparse, which the commands use) to Lua bytecode with its line
# numbers kept, and writes them as C arrays: embedders ship one file. RDB_LUA_DIR overrides at run time.
file(GLOB_RECURSE RDB_LUA_FILES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lua/*.lua)
set(RDB_EMBEDDED_LUA ${CMAKE_BINARY_DIR}/embedded_lua.c)
add_custom_command(
  OUTPUT ${RDB_EMBEDDED_LUA}
  COMMAND ${LUA_PROGRAM} ${CMAKE_SOURCE_DIR}/cmake/embed.lua ${RDB_EMBEDDED_LUA} ${CMAKE_SOURCE_DIR}/lua
  DEPENDS ${RDB_LUA_FILES} ${CMAKE_SOURCE_DIR}/cmake/embed.lua
  COMMENT "Embedding the Lua layer"
  VERBATIM)
