"""`make bench`: what the gateway and the mesh cost, as ratios in one run."""
