"""How long SGD stays on a plateau: noise along the directions that grow, and orbits of the equations after it."""
