"""The registers: facts of enterprises and people by source, with their history and corrections."""
