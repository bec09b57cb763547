"""Settings, logging, connections and embedded servers; depends on the domain only."""
