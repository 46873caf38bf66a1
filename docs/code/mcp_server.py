"""An MCP server under the domain: its tools are for people who have signed in with Gatehouse."""

import os

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from gatehouse_chassis import ResourceServer

public_url = os.environ.get("PUBLIC_URL", "http://localhost:8080")
server = ResourceServer(
    issuer=f"{public_url}/auth",
    resource=f"{public_url}/tools/mcp",  # what people type into their client
    scopes={"tools:use": "Use the tools"},
)
mcp = MCPServer("Tools")


@mcp.tool()
def whoami(context: Context) -> str:
    """The id of the user who asks."""
    user: str = context.request_context.request.state.principal.subject
    return user


app = server.protect(
    mcp.streamable_http_app(
        streamable_http_path="/tools/mcp",
        # nginx answers for the domain's own names only, if GATEHOUSE_ALLOWED_HOSTS says which.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    ),
    scopes=["tools:use"],
)
