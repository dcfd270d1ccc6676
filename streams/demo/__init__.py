"""The demo: a simulated floor through all real parts, watched in a terminal and accounted for."""
