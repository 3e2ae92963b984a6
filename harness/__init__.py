"""Docker images, gold answers and official scoring: everything that may see what the stages may not."""
