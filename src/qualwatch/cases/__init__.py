"""Cases of early warning and withdrawal, from the yellow card to the end."""
