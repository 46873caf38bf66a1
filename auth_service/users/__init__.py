"""Users: profiles, administration, sign-up and password reset."""
