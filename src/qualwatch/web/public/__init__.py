"""The public door: whoever comes reads the public copy and the law, and nothing else."""
