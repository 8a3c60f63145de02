"""Everything that changes accounts, events, jobs and notices. One file a topic."""
