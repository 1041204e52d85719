"""What is known of enterprises and their people.

Since when, from which source, and what an officer corrected.
"""
