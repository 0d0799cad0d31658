"""From a master to what students get: read it, tag it, clear the answers, run it, and start a new one."""
