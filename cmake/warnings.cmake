# rdb_warnings(target): the warnings that every file of ours compiles without.
function(rdb_warnings target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wformat=2 -Wvla
    $<$<BOOL:${RDB_WERROR}>:-Werror>)
endfunction()
