"""What the tests stand on: processes, ports, and the real programs that the stack is made of."""
