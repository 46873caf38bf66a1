"""The tokens in mailed links, as requests bring them back."""

from typing import Annotated

from pydantic import Field

from gatehouse_chassis.http.text import STORABLE

MailedToken = Annotated[
    str, STORABLE, Field(max_length=100, examples=["the token in the mailed link"])
]
