"""Numbers over REST: the inventory, what is done to it, connections and imports."""
