local rdb = require "rdb"
rdb.configure(require "settings")
os.exit(rdb.manage(arg))
