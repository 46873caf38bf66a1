"""FastMCP: a port, and the path of its endpoint."""
# mypy: ignore-errors

import sys

from fastmcp import FastMCP

mcp = FastMCP("hello")


@mcp.tool
def hello(name: str) -> str:
    return f"hello {name}"


mcp.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), path=sys.argv[2])
