"""The platform's API: it pushes changes of the registers and asks what an enterprise may do."""
