"""Changes of the mail address, as the API takes them."""

from pydantic import BaseModel, ConfigDict

from auth_service.mail.tokens import MailedToken


class EmailConfirmation(BaseModel):
    """The token that was mailed to the new address."""

    model_config = ConfigDict(extra="forbid")

    token: MailedToken
