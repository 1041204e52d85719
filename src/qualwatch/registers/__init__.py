"""What is known of enterprises and their people: since when, from which source, and what an officer corrected."""
