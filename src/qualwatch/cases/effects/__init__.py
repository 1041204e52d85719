"""What a step does besides changing the case: notices, tasks, documents, the public copy."""
