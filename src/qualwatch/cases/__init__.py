"""Cases: yellow, determination, red, closed; what was told to whom; what may not be done meanwhile."""
