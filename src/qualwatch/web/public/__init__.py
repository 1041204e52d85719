"""The public site: it reads the public copy and the law, and nothing else."""
