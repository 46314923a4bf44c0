"""The file format: from YAML to a validated Spec, and from there to the physics."""
