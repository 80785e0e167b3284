"""Plain facts about an exception, for the core to judge."""
