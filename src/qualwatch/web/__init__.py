"""The sites of the office: one for each kind of reader, with a shared base."""
