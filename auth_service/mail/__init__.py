"""Mail: how it is sent, and which mails are on their way."""
