# cmake --install: library, headers, rdb-lua, pkg-config file and CMake package.
install(TARGETS rdb rdb_static rdb-lua
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS rdb_module LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/lua/5.4/rdb)
install(FILES ${CMAKE_BINARY_DIR}/rdb.so DESTINATION ${CMAKE_INSTALL_LIBDIR}/lua/5.4)
foreach(header IN LISTS RDB_PUBLIC_HEADERS)
  get_filename_component(folder ${header} DIRECTORY)
  install(FILES core/${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/rdb/${folder})
endforeach()

configure_file(cmake/rdb.pc.in ${CMAKE_BINARY_DIR}/rdb.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/rdb.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

include(CMakePackageConfigHelpers)
configure_package_config_file(cmake/rdbConfig.cmake.in ${CMAKE_BINARY_DIR}/rdbConfig.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/rdb)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/rdbConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/rdbConfig.cmake ${CMAKE_BINARY_DIR}/rdbConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/rdb)
