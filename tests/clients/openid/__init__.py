"""Cases of the OpenID Foundation's certification plans, which run against any OpenID provider."""
