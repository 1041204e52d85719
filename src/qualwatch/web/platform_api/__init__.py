"""The platform's door: it pushes changes of the registers and is told what became of each."""
