--- The exit codes of all commands.
return {
  OK = 0,
  FAILED = 1,      -- something went wrong, or --check found something
  USAGE = 2,       -- the command line makes no sense
  NEEDS_ANSWER = 3, -- a question has to be answered, and nobody can be asked
  LOCKED = 4,      -- another process holds the lock
  INTEGRITY = 5,   -- files, ledger and database disagree
  INTERRUPTED = 130,
}
