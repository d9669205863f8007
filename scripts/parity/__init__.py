"""`make parity`: our JSON and Envoy's."""
