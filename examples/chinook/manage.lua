local rdb = require "rdb"
rdb.configure "settings.lua"
os.exit(rdb.manage(arg))
