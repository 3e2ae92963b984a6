"""An issue and a repository in, a validated patch out: localize, repair, validate, without an agent loop."""
