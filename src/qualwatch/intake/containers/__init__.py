"""Files of every container -> sheets of cells. What a file is, its content says, not its ending."""
