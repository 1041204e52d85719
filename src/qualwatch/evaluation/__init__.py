"""Facts of a day and the law in force that day give findings. No clock, no files, no database."""
