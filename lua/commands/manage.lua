--- rdb.manage(arg): runs the command that a command line names. manage.lua ends in os.exit(rdb.manage(arg)).
return function(arguments)
  return require("rdb.commands.runner").run(arguments)
end
