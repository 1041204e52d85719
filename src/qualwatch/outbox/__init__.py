"""Messages to be sent: written in the transaction of the act, sent by `qualwatch deliver`, never
doubled.
"""
