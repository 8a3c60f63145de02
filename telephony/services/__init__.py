"""Everything that changes agents, texts and who is on the other end. One file a topic."""
