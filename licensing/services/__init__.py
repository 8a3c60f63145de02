"""Everything that changes entitlement. One file a topic."""
