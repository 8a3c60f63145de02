"""REST: the base of every endpoint, and what belongs to no other app (jobs, events)."""
