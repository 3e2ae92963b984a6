"""Real SWE-bench Verified instances, rebuilt from source distributions, without GitHub or a container registry."""
