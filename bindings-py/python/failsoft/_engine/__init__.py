"""What stands around the machine: turns, routes, clients, breakers, approvals, time."""
