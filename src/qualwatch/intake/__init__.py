"""Any office's spreadsheets in, canonical facts out, every row accounted for. No database."""
