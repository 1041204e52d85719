"""Messages: queued in the transaction of the act, sent by `qualwatch deliver`, each key once."""
